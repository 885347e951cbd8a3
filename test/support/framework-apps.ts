import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { createAdaptorServer } from '@hono/node-server';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import type { Cachegate } from '../../src/app/cachegate.ts';
import { CachegateError } from '../../src/errors.ts';
import * as forExpress from '../../src/frameworks/express.ts';
import * as forFastify from '../../src/frameworks/fastify.ts';
import * as forHono from '../../src/frameworks/hono.ts';
import * as forNode from '../../src/frameworks/node.ts';
import type { RequestParts } from '../../src/frameworks/request-parts.ts';
import * as forWeb from '../../src/frameworks/web.ts';
import type { Identity } from '../../src/session/identity.ts';

/** One application, written for a framework. */
export interface FrameworkApp {
  readonly url: string;
  close(): Promise<void>;
}

export const FRAMEWORKS = {
  fastify: startFastify,
  express: startExpress,
  hono: startHono,
  node: startNode,
  web: startWeb,
} satisfies Record<string, (cachegate: Cachegate) => Promise<FrameworkApp>>;

/** What all of them answer with. */
interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  /** Chunks are written one after another, as the client takes them. */
  readonly body?: string | Iterable<Buffer> | AsyncIterable<Buffer>;
}

type Parts = Pick<RequestParts, 'session' | 'cache' | 'cachedFetch'> & { readonly identity: Identity | null };
type Handler = (parts: Parts, forgetGate: () => Promise<void>) => Reply | Promise<Reply>;

/** Of the answer with a large body. */
export const CHUNKS = 32;
export const CHUNK = Buffer.alloc(256 * 1024, 'x');
/** The cookies that the application itself sets with a login. */
export const OWN_COOKIES = ['theme=dark; Path=/', 'lang=en; Path=/'];

const HANDLERS: Readonly<Record<string, Handler>> = {
  '/': () => ({ body: 'hello' }),
  '/who': ({ session }) => ({
    body: JSON.stringify({ user: session.user, roles: session.roles, n: session.get('n') ?? null }),
  }),
  '/set': ({ session }) => {
    session.set('n', 1);
    return { body: 'set' };
  },
  '/count': async ({ session }) => ({
    body: String(await session.update('n', (n) => ((n as number | undefined) ?? 0) + 1)),
  }),
  '/login': async ({ session }) => {
    await session.login('ada', { roles: ['editor'] });
    return { status: 201, headers: { 'Set-Cookie': OWN_COOKIES, 'X-Own': 'yes' }, body: 'in' };
  },
  '/logout': async ({ session }) => {
    await session.logout();
    return { body: 'out' };
  },
  '/shared': ({ session }) => {
    session.set('n', 7);
    return {
      headers: { 'Cache-Control': 'public, max-age=600', 'CDN-Cache-Control': 'max-age=600' },
      body: 'all',
    };
  },
  '/stream': ({ session }) => {
    session.set('n', 2);
    return { body: ticks(5) };
  },
  '/big': ({ session }) => {
    session.set('n', 3);
    return { headers: { 'Cache-Control': 'private' }, body: chunks() };
  },
  '/big-quiet': () => ({ body: chunks() }),
  '/throw': ({ session }) => {
    session.set('n', 4);
    throw new Error('boom');
  },
  '/login-then-throw': async ({ session }) => {
    await session.login('ada');
    throw new Error('boom');
  },
  '/cached': async ({ cache }) => ({
    body: await cache.remember('k', { ttlSeconds: 60 }, async () => 'made'),
  }),
  '/fetched': async ({ cachedFetch }) => ({
    body: await (await cachedFetch('http://origin.test/a')).text(),
  }),
  '/private': ({ session }) => ({ body: `for ${session.user}` }),
  '/limited': () => ({ body: 'within' }),
  '/forget': async (_parts, forgetGate) => {
    await forgetGate();
    return { body: 'forgotten' };
  },
  '/gated': ({ identity }) => ({ body: JSON.stringify(identity) }),
};

const GUARDS = {
  '/private': 'requireSession',
  '/limited': 'rateLimit',
  '/gated': 'requireGate',
} as const;

type GuardName = (typeof GUARDS)[keyof typeof GUARDS];

function guardOf<T>(framework: Readonly<Record<GuardName, T>>, name: GuardName): T {
  return framework[name];
}

async function* ticks(count: number): AsyncGenerator<Buffer> {
  for (let i = 0; i < count; i += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    yield Buffer.from(`tick ${i}\n`);
  }
}

function* chunks(): Generator<Buffer> {
  for (let i = 0; i < CHUNKS; i += 1) yield CHUNK;
}

/** A path's handler, and the name of its guard if it has one. */
const ROUTES = Object.entries(HANDLERS).map(([path, handler]) => ({
  path,
  handler,
  guard: path in GUARDS ? GUARDS[path as keyof typeof GUARDS] : null,
}));

async function startFastify(cachegate: Cachegate): Promise<FrameworkApp> {
  const app = fastify({ forceCloseConnections: true });
  app.addHook('onRequest', (request, reply, next) => {
    if (request.headers['x-early'] === undefined) next();
    else void reply.send('early');
  });
  await app.register(forFastify.cachegatePlugin, { cachegate });
  for (const { path, handler, guard } of ROUTES) {
    app.route({
      method: ['GET', 'HEAD', 'POST'],
      url: path,
      ...(guard === null ? {} : { preHandler: guardOf(forFastify, guard) }),
      async handler(request, reply) {
        const {
          status = 200,
          headers = {},
          body = '',
        } = await handler(request as unknown as Parts, () => forFastify.forgetGate(request));
        reply.code(status).headers(headers);
        return reply.send(typeof body === 'string' ? body : Readable.from(body));
      },
    });
  }
  app.get('/response', async (request) => {
    (request as unknown as Parts).session.set('n', 8);
    return new Response('all', { headers: { 'Cache-Control': 'public, max-age=600' } });
  });
  app.get('/hijacked', async (request, reply) => {
    (request as unknown as Parts).session.set('n', 5);
    reply.hijack();
    const cookies = await forFastify.commitSession(request);
    reply.raw.writeHead(200, { 'Set-Cookie': [...cookies] }).end('hijacked');
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
  return { url: urlOf(app.server), close: () => app.close() };
}

async function startExpress(cachegate: Cachegate): Promise<FrameworkApp> {
  const app = express();
  app.use(forExpress.cachegateMiddleware(cachegate));
  for (const { path, handler, guard } of ROUTES) {
    app.all(
      path,
      ...(guard === null ? [] : [guardOf(forExpress, guard)]),
      async (req: express.Request, res: express.Response) => {
        await sendOnNode(res, await handler(req as unknown as Parts, () => forExpress.forgetGate(req)));
      },
    );
  }
  app.get('/late', (req, res) => answerLate(res, req as unknown as Parts));
  app.get('/after', (req, res) => answerAndSet(res, req as unknown as Parts));
  app.get('/misdescribed', (_req, res) => misdescribe(res));
  app.use('/compressed', compressed);
  app.get('/compressed', (req, res) => {
    (req as unknown as Parts).session.set('n', 9);
    for (let i = 0; i < CHUNKS; i += 1) res.write(CHUNK);
    res.end();
  });
  app.use(forExpress.sessionErrors);
  // Express would print the error of the test.
  app.use((_error: unknown, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
    res.status(500).send('failed');
  });
  return onNode(createServer(app), cachegate);
}

async function startHono(cachegate: Cachegate): Promise<FrameworkApp> {
  const app = new Hono();
  app.use(forHono.cachegateMiddleware(cachegate));
  for (const { path, handler, guard } of ROUTES) {
    if (guard !== null) app.use(path, guardOf(forHono, guard));
    app.all(path, async (c) =>
      responseOf(await handler(c.var as unknown as Parts, () => forHono.forgetGate(c))),
    );
  }
  app.onError((_error, c) => c.text('failed', 500));
  return onNode(createAdaptorServer({ fetch: app.fetch }) as Server, cachegate);
}

async function startNode(cachegate: Cachegate): Promise<FrameworkApp> {
  const listeners = new Map(
    ROUTES.map(({ path, handler, guard }) => [
      path,
      forNode.withCachegate(
        cachegate,
        async (_req, res, parts) => sendOnNode(res, await handler(parts, () => cachegate.forgetGate(parts))),
        {
          guards: guard === null ? [] : [guardOf(forNode, guard)],
        },
      ),
    ]),
  );
  const late = { '/late': answerLate, '/after': answerAndSet, '/misdescribed': misdescribe };
  for (const [path, answer] of Object.entries(late)) {
    listeners.set(
      path,
      forNode.withCachegate(cachegate, (_req, res, parts) => answer(res, parts as unknown as Parts)),
    );
  }
  return onNode(
    createServer((req, res) => listeners.get(req.url!)!(req, res)),
    cachegate,
  );
}

async function startWeb(cachegate: Cachegate): Promise<FrameworkApp> {
  const handlers = new Map(
    ROUTES.map(({ path, handler, guard }) => [
      path,
      forWeb.withCachegate(
        cachegate,
        async (_request, parts) => responseOf(await handler(parts, () => cachegate.forgetGate(parts))),
        {
          guards: guard === null ? [] : [guardOf(forWeb, guard)],
        },
      ),
    ]),
  );
  const fetch = (request: Request) =>
    handlers.get(new URL(request.url).pathname)!(request, { peer: '127.0.0.1' });
  return onNode(createAdaptorServer({ fetch }) as Server, cachegate);
}

function answerLate(response: ServerResponse, { session }: Parts): void {
  response.write('begun, ');
  session.set('n', 6);
  response.end('done');
}

/** Sets what nobody would store, and says what came of it in the next answer. */
function answerAndSet(response: ServerResponse, { session }: Parts): void {
  response.end(setAfterEnd);
  try {
    session.set('n', 6);
  } catch (error) {
    setAfterEnd = (error as { code: string }).code;
  }
}
let setAfterEnd = 'nothing';

/** Fails when it has said of what form its content will be. */
function misdescribe(response: ServerResponse): void {
  response.setHeader('Content-Length', 5);
  response.setHeader('Content-Encoding', 'gzip');
  throw new CachegateError('ERR_SESSION_DEGRADED', 'The store is away');
}

/** As the package `compression` did for years: it asks Node's own `_header` whether the head is written. */
function compressed(_req: express.Request, res: express.Response, next: express.NextFunction): void {
  const own = res as unknown as { _header: string | null; _implicitHeader(): void };
  const gzip = createGzip();
  const write = res.write.bind(res);
  const end = res.end.bind(res);
  gzip.on('data', (chunk) => write(chunk) || gzip.pause());
  gzip.on('end', () => end());
  res.on('drain', () => gzip.resume());
  res.setHeader('Content-Encoding', 'gzip');
  const begin = () => own._header === null && own._implicitHeader();
  res.write = ((chunk: Buffer) => {
    begin();
    return gzip.write(chunk);
  }) as typeof res.write;
  res.end = (() => {
    begin();
    gzip.end();
    return res;
  }) as typeof res.end;
  next();
}

async function sendOnNode(response: ServerResponse, { status = 200, headers = {}, body = '' }: Reply) {
  response.writeHead(status, headers);
  if (typeof body === 'string') response.end(body);
  // A client that has gone is nobody's mistake.
  else await pipeline(Readable.from(body), response).catch(() => {});
}

function responseOf({ status = 200, headers = {}, body = '' }: Reply): Response {
  const list = Object.entries(headers).flatMap(([name, value]) =>
    [value].flat().map((each): [string, string] => [name, each]),
  );
  const content =
    typeof body === 'string' ? body : (Readable.toWeb(Readable.from(body)) as unknown as ReadableStream);
  return new Response(content, { status, headers: list });
}

async function onNode(server: Server, cachegate: Cachegate): Promise<FrameworkApp> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: urlOf(server),
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
      await cachegate.close();
    },
  };
}

function urlOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
