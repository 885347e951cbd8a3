import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { constants, createSecureServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import {
  Agent,
  Client,
  type Dispatcher,
  getGlobalDispatcher,
  interceptors,
  request,
  setGlobalDispatcher,
  fetch as undiciFetch,
} from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SimpleOrigin, serviceAt, startOrigin } from '../support/cached-fetch.ts';
import { createInterceptedParts, type InterceptedParts } from '../support/intercepted.ts';
import { PATIENT } from '../support/ranged-origin.ts';
import { type RawOrigin, startRawOrigin } from '../support/raw-origin.ts';
import { makeTlsFiles } from '../support/tls-files.ts';

const FRESH = { 'Cache-Control': 'max-age=60' };

let origin: SimpleOrigin;
let parts: InterceptedParts;
let agent: Dispatcher;
/** How the origin answers a target, if not with `answer N` for a minute. */
let answers: Record<string, (response: ServerResponse, request: IncomingMessage, content: string) => void>;
const raws: RawOrigin[] = [];

beforeEach(async () => {
  answers = {};
  origin = await startOrigin((asked, response, content) => {
    const own = answers[asked.url!.split('?', 1)[0]!];
    if (own !== undefined) return own(response, asked, content);
    response.writeHead(200, FRESH).end(asked.method === 'HEAD' ? '' : `answer ${origin.asked.length}`);
  });
  parts = createInterceptedParts([
    serviceAt(origin.url, { keyedMethods: ['QUERY'], maxKeyBodyBytes: 8, tags: ['all'] }),
  ]);
  agent = new Agent().compose(parts.interceptor);
});
afterEach(async () => {
  await agent.destroy();
  await parts.settle();
  await Promise.all([origin.close(), ...raws.splice(0).map((raw) => raw.close())]);
});

type Asked = Partial<Parameters<typeof request>[1]>;

async function get(target: string, options: Asked = {}, dispatcher: Dispatcher = agent) {
  const answer = await request(origin.url + target, { dispatcher, ...options } as never);
  const content = await answer.body.text();
  await parts.settle();
  return { status: answer.statusCode, headers: answer.headers, content, by: byOf(answer.headers) };
}
const byOf = (headers: Record<string, string | string[] | undefined>) =>
  String(headers['cache-status'] ?? 'none; none')
    .split(';')[1]!
    .trim();

async function rawOrigin(answer: (socket: Socket) => void): Promise<RawOrigin> {
  const raw = await startRawOrigin((socket) => answer(socket));
  raws.push(raw);
  return raw;
}

describe('undici through the cache', () => {
  it('answers request by what another has stored', async () => {
    expect(await get('/a')).toMatchObject({ content: 'answer 1', by: 'fwd=uri-miss' });
    expect(await get('/a')).toMatchObject({ content: 'answer 1', by: 'hit', status: 200 });
    expect(origin.asked).toEqual(['GET /a']);
  });

  it('answers stream, pipeline and fetch', async () => {
    await get('/a');
    const pieces: Buffer[] = [];
    const sink = () => new Writable({ write: (piece, _, done) => done(void pieces.push(piece)) });
    await agent.stream({ origin: origin.url, path: '/a', method: 'GET' }, sink);
    expect(Buffer.concat(pieces).toString()).toBe('answer 1');
    const through = agent.pipeline({ origin: origin.url, path: '/a', method: 'GET' }, ({ body }) => body);
    through.end();
    expect(await text(through)).toBe('answer 1');
    const fetched = await undiciFetch(`${origin.url}/a`, { dispatcher: agent });
    expect([fetched.status, fetched.statusText, await fetched.text()]).toEqual([200, 'OK', 'answer 1']);
    expect(origin.asked).toEqual(['GET /a']);
  });

  it("answers Node's own fetch, whose handlers are of the old kind, and the global dispatcher", async () => {
    answers['/cookies'] = (response) =>
      void response.writeHead(200, 'Fine', { 'Set-Cookie': ['a=1', 'b=2'], Vary: ['X', 'Y'] }).end('sweet');
    const before = getGlobalDispatcher();
    setGlobalDispatcher(agent);
    try {
      const own = await fetch(`${origin.url}/cookies`);
      expect([own.statusText, own.headers.getSetCookie(), own.headers.get('vary')]).toEqual([
        'Fine',
        ['a=1', 'b=2'],
        'X, Y',
      ]);
      expect(await own.text()).toBe('sweet');
      for (const by of ['fwd=uri-miss', 'hit']) {
        const response = await fetch(`${origin.url}/a`);
        expect([await response.text(), byOf(Object.fromEntries(response.headers))]).toEqual(['answer 2', by]);
        await parts.settle();
      }
    } finally {
      setGlobalDispatcher(before);
    }
  });

  it('finds the service of a Client by the origin that it was told of', async () => {
    const told = createInterceptedParts([serviceAt(origin.url)], undefined, origin.url);
    const client = new Client(origin.url);
    const composed = client.compose(told.interceptor);
    for (const by of ['fwd=uri-miss', 'hit']) {
      const { headers, body } = await composed.request({ path: '/a', method: 'GET' } as never);
      expect([await body.text(), byOf(headers)]).toEqual(['answer 1', by]);
      await told.settle();
    }
    await client.close();
  });

  it('is one of several interceptors', async () => {
    answers['/moved'] = (response) => void response.writeHead(301, { ...FRESH, Location: '/a' }).end();
    const following = agent.compose(interceptors.redirect({ maxRedirections: 2 }));
    await get('/moved', {}, following);
    expect(await get('/moved', {}, following)).toMatchObject({ content: 'answer 2', by: 'hit' });
    const within = new Agent().compose(interceptors.redirect({ maxRedirections: 2 }), parts.interceptor);
    expect(await get('/moved?within', {}, within)).toMatchObject({ content: 'answer 4', status: 200 });
    expect(origin.asked).toEqual(['GET /moved', 'GET /a', 'GET /moved?within', 'GET /a']);
    await within.close();
  });

  it('stores what interceptors beneath it have decoded as decoded', async () => {
    answers['/coded'] = (response) =>
      void response.writeHead(200, { ...FRESH, 'Content-Encoding': 'gzip' }).end(gzipSync('plain'));
    const decoding = new Agent().compose(interceptors.decompress(), parts.interceptor);
    for (const by of ['fwd=uri-miss', 'hit']) {
      const { content, headers, by: how } = await get('/coded', {}, decoding);
      expect([content, headers['content-encoding'], how]).toEqual(['plain', undefined, by]);
    }
    await decoding.close();
  });

  it('takes the query as undici writes it', async () => {
    expect(await get('/a?b=1&b=2&c=')).toMatchObject({ by: 'fwd=uri-miss' });
    expect(await get('/a', { query: { b: [1, 2], c: '' } })).toMatchObject({ by: 'hit' });
    expect(origin.asked).toEqual(['GET /a?b=1&b=2&c=']);
  });

  it('does not follow a redirect, and stores it', async () => {
    answers['/moved'] = (response) => void response.writeHead(301, { ...FRESH, Location: '/a' }).end('there');
    await get('/moved');
    expect(await get('/moved')).toMatchObject({ status: 301, content: 'there', by: 'hit' });
  });

  it('passes on what no service is asked for', async () => {
    const other = await startOrigin((_, response) => void response.writeHead(200, FRESH).end('other'));
    for (let i = 0; i < 2; i++) {
      const { headers, body } = await request(`${other.url}/a`, { dispatcher: agent });
      expect([await body.text(), byOf(headers)]).toEqual(['other', 'none']);
    }
    expect(other.asked).toHaveLength(2);
    expect(await get('/a', { headers: { host: 'elsewhere.test' } })).toMatchObject({ by: 'none' });
    await other.close();
  });
});

describe('a request', () => {
  it('is sent with its fields as they are, in whatever form they were given', async () => {
    const forms = [
      { 'X-One': ['1', '2'], 'x-two': 'ä' },
      ['X-One', '1', 'X-One', '2', 'x-two', 'ä'],
      new Map<string, string | string[]>([
        ['X-One', ['1', '2']],
        ['x-two', 'ä'],
      ]),
    ];
    for (const headers of forms) await get('/a', { headers: headers as never, method: 'POST' });
    for (const { rawHeaders } of origin.requests) {
      expect(rawHeaders.slice(0, 2)).toEqual(['host', expect.any(String)]);
      expect(rawHeaders.join(' ')).toContain('X-One 1 X-One 2 x-two ä');
    }
    expect(origin.requests).toHaveLength(3);
  });

  it('has its variant by the codings that it accepts, and its content as it came', async () => {
    answers['/coded'] = (response, { headers }) => {
      const isCoded = headers['accept-encoding'] === 'gzip';
      response.writeHead(200, {
        ...FRESH,
        Vary: 'Accept-Encoding',
        ...(isCoded && { 'Content-Encoding': 'gzip' }),
      });
      response.end(isCoded ? gzipSync('plain') : 'plain');
    };
    for (let i = 0; i < 2; i++) {
      const { body, headers } = await request(`${origin.url}/coded`, {
        dispatcher: agent,
        headers: { 'accept-encoding': 'gzip' },
      });
      expect(headers['content-encoding']).toBe('gzip');
      expect(await buffer(body)).toEqual(gzipSync('plain'));
      await parts.settle();
      expect(await get('/coded')).toMatchObject({ content: 'plain' });
    }
    const fetched = await undiciFetch(`${origin.url}/coded`, {
      dispatcher: agent,
      headers: { 'accept-encoding': 'gzip' },
    });
    expect([byOf(Object.fromEntries(fetched.headers)), await fetched.text()]).toEqual(['hit', 'plain']);
    expect(origin.asked).toHaveLength(2);
  });

  it('is conditional or for a part as its caller wants', async () => {
    answers['/whole'] = (response) =>
      void response.writeHead(200, { ...FRESH, ETag: '"1"', 'Accept-Ranges': 'bytes' }).end('0123456789');
    await get('/whole');
    expect(await get('/whole', { headers: { range: 'bytes=2-4' } })).toMatchObject({
      status: 206,
      content: '234',
    });
    const conditional = await get('/whole', { headers: { 'if-none-match': '"1"' } });
    expect(conditional).toMatchObject({ status: 304, content: '', by: 'hit' });
    expect(await get('/whole', { method: 'HEAD' })).toMatchObject({ content: '', by: 'hit' });
    expect(origin.asked).toHaveLength(1);
  });

  it('is validated when what is stored is stale', async () => {
    let validated = 0;
    answers['/stale'] = (response, { headers }) => {
      const isSame = headers['if-none-match'] === '"1"';
      if (isSame) validated += 1;
      response
        .writeHead(isSame ? 304 : 200, { 'Cache-Control': 'max-age=0', ETag: '"1"' })
        .end(isSame ? '' : 'one');
    };
    await get('/stale');
    expect(await get('/stale')).toMatchObject({ status: 200, content: 'one', by: 'fwd=stale' });
    expect(validated).toBe(1);
  });

  it('may say how it wants the cache used', async () => {
    await get('/a', { cachegate: { tags: ['mine'], ttl: 30 } } as Asked);
    expect(await get('/a', { cachegate: { revalidate: true } } as Asked)).toMatchObject({
      content: 'answer 2',
    });
    expect(origin.requests[1]!.headers['cache-control']).toBe('max-age=0');
    expect(await get('/a', { headers: { 'cache-control': 'no-cache' } })).toMatchObject({
      content: 'answer 3',
    });
    expect(await get('/cold', { headers: { 'cache-control': 'only-if-cached' } })).toMatchObject({
      status: 504,
    });
    const wrong = get('/a', { cachegate: { ttl: -1 } } as unknown as Asked);
    await expect(wrong).rejects.toThrow(TypeError);
  });

  it('of an unsafe method carries its content, and what it answers drops what is stored', async () => {
    answers['/echo'] = (response, { method }, content) =>
      void response.writeHead(200, FRESH).end(method === 'GET' ? `version ${origin.asked.length}` : content);
    expect(await get('/echo')).toMatchObject({ content: 'version 1' });
    const long = 'x'.repeat(300_000);
    const sent = await get('/echo', { method: 'POST', body: Readable.from([long]) });
    expect(sent).toMatchObject({ content: long, by: 'fwd=method' });
    expect(await get('/echo')).toMatchObject({ content: 'version 3', by: 'fwd=uri-miss' });
    const form = await undiciFetch(`${origin.url}/echo`, {
      method: 'PUT',
      body: 'by fetch',
      dispatcher: agent,
    });
    expect(await form.text()).toBe('by fetch');
  });

  it('is keyed by its content where its service says so', async () => {
    const ask = (body: unknown) => get('/search', { method: 'QUERY', body } as Asked);
    expect(await ask('a')).toMatchObject({ content: 'answer 1' });
    expect(await ask(Buffer.from('a'))).toMatchObject({ content: 'answer 1', by: 'hit' });
    expect(await ask(Readable.from(['a']))).toMatchObject({ content: 'answer 1', by: 'hit' });
    expect(await ask('b')).toMatchObject({ content: 'answer 2' });
    // More than is read for a key.
    for (let i = 0; i < 2; i++) {
      expect(await ask(Readable.from(['12345', '6789']))).toMatchObject({ by: 'fwd=bypass' });
    }
    expect(origin.asked.slice(2)).toEqual(['QUERY /search <123456789>', 'QUERY /search <123456789>']);
  });

  it('of GET that has content is nobody else’s', async () => {
    expect(await get('/a', { method: 'GET', body: 'what for' })).toMatchObject({ by: 'fwd=bypass' });
    expect(await get('/a', { method: 'GET', body: Readable.from(['what', ' for']) })).toMatchObject({
      by: 'fwd=bypass',
    });
    expect(await get('/a', { method: 'GET', body: Readable.from([]) })).toMatchObject({ by: 'fwd=uri-miss' });
    expect(origin.asked).toEqual(['GET /a <what for>', 'GET /a <what for>', 'GET /a']);
  });

  it('whose content breaks off fails with that', async () => {
    const broken = () =>
      Readable.from(
        (async function* () {
          yield 'some';
          throw new Error('broken');
        })(),
      );
    for (const method of ['GET', 'QUERY', 'POST'] as const) {
      const asking = get('/a', { method: method as 'GET', body: broken() });
      await expect(asking).rejects.toThrow('broken');
    }
    expect(parts.failures).toHaveLength(3);
  });

  it('that undici refuses is refused by undici', async () => {
    await expect(get('/a', { headers: { 'transfer-encoding': 'chunked' } })).rejects.toMatchObject({
      code: 'UND_ERR_INVALID_ARG',
    });
    await expect(get('/a', { headers: ['odd'] as never })).rejects.toMatchObject({
      code: 'UND_ERR_INVALID_ARG',
    });
    expect(origin.asked).toEqual([]);
  });
});

describe('a response', () => {
  it('has the bytes of its fields, its status text and its trailers', async () => {
    const raw = await rawOrigin((socket) =>
      socket.write(
        Buffer.from(
          'HTTP/1.1 299 Odd But Fine\r\nX-MiXed: caf\xe9\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n' +
            'Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 42\r\n\r\n',
          'latin1',
        ),
      ),
    );
    parts = createInterceptedParts([serviceAt(raw.url.href)]);
    agent = new Agent().compose(parts.interceptor);
    const asked = { dispatcher: agent, responseHeaders: 'raw' } as const;
    const answer = await request(raw.url, asked as never);
    const fields = answer.headers as unknown as string[];
    expect(fields.slice(0, 6)).toEqual(['X-MiXed', 'caf\xe9', 'Set-Cookie', 'a=1', 'set-cookie', 'b=2']);
    expect([answer.statusCode, answer.statusText, await answer.body.text()]).toEqual([
      299,
      'Odd But Fine',
      'hello',
    ]);
    expect(answer.trailers).toEqual({ 'x-sum': '42' });
  });

  it('is told of by the interim ones before it', async () => {
    answers['/hinted'] = (response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      response.writeHead(200, FRESH).end('late');
    };
    const told: number[] = [];
    const onInfo = ({ statusCode }: { statusCode: number }) => void told.push(statusCode);
    expect(await get('/hinted', { onInfo } as Asked)).toMatchObject({ content: 'late' });
    expect(told).toEqual([103]);
  });

  it('has a content of its own, which nobody else sees changed', async () => {
    await get('/a');
    const { body } = await request(`${origin.url}/a`, { dispatcher: agent });
    for await (const piece of body) (piece as Buffer).fill(0);
    expect(await get('/a')).toMatchObject({ content: 'answer 1', by: 'hit' });
  });

  it('waits for who takes it slowly', async () => {
    const size = 8 * 1024 * 1024;
    let taken = 0;
    answers['/large'] = (response) => {
      response.writeHead(200, { ...FRESH, 'Content-Length': size });
      Readable.from(
        (function* () {
          for (; taken < size; taken += 65_536) yield Buffer.alloc(65_536, 'x');
        })(),
        { highWaterMark: 1 },
      ).pipe(response);
    };
    const { body } = await request(`${origin.url}/large`, { dispatcher: agent });
    const before = await stable(() => taken);
    expect(before).toBeLessThan(size);
    expect((await buffer(body)).length).toBe(size);
    expect(taken).toBe(size);
  });

  it('that only the close ends is nobody else’s, since undici can’t tell a break from an end', async () => {
    const raw = await rawOrigin((socket) =>
      socket.end('HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n\r\nopen'),
    );
    parts = createInterceptedParts([serviceAt(raw.url.href)]);
    agent = new Agent().compose(parts.interceptor);
    for (let i = 0; i < 2; i++) {
      const { body } = await request(raw.url, { dispatcher: agent });
      expect(await body.text()).toBe('open');
      await parts.settle();
    }
    expect(raw.asked).toHaveLength(2);
  });

  it('over HTTP/2 is stored where it is known to be whole', async () => {
    const files = await makeTlsFiles();
    const read = [files.keyFile, files.certFile, files.caFile].map((file) => readFile(file));
    const [key, cert, ca] = (await Promise.all(read)) as [Buffer, Buffer, Buffer];
    const asked: string[] = [];
    const server = createSecureServer({ key, cert }, ({ url: target }, { stream }) => {
      asked.push(target);
      const length = target === '/open' || target === '/json' ? {} : { 'content-length': 9 };
      const type = target === '/json' ? { 'content-type': 'application/json' } : {};
      stream.respond({ ':status': 200, 'cache-control': 'max-age=60', ...length, ...type });
      if (target === '/json') {
        stream.end('{"by":"frames"}');
        return;
      }
      stream.write('by ');
      // Mostly undici takes a reset for an end.
      if (target === '/cut') setImmediate(() => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
      else stream.end('frames');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const secure = createInterceptedParts([serviceAt(url)]);
    const composed = new Agent({ allowH2: true, connect: { ca } }).compose(secure.interceptor);
    const ask = async (target: string) => {
      const { headers, body } = await request(url + target, { dispatcher: composed });
      const found = [await body.text(), byOf(headers)];
      await secure.settle();
      return found;
    };
    expect(await ask('/whole')).toEqual(['by frames', 'fwd=uri-miss']);
    expect(await ask('/whole')).toEqual(['by frames', 'hit']);
    for (let i = 0; i < 2; i++) {
      expect(await ask('/open')).toEqual(['by frames', 'fwd=uri-miss']);
      await expect(ask('/cut')).rejects.toThrow();
    }
    // What can't be the beginning of anything longer is whole.
    expect(await ask('/json')).toEqual(['{"by":"frames"}', 'fwd=uri-miss']);
    expect(await ask('/json')).toEqual(['{"by":"frames"}', 'hit']);
    expect(asked).toEqual(['/whole', '/open', '/cut', '/open', '/cut', '/json']);
    await composed.destroy();
    server.close();
    await files.remove();
  });

  it('is for many at once one that the origin is asked for once', async () => {
    let open = () => {};
    const may = new Promise<void>((resolve) => {
      open = resolve;
    });
    answers['/cold'] = (response) => void may.then(() => response.writeHead(200, FRESH).end('one for all'));
    const asking = Array.from({ length: 200 }, async () => {
      const { body } = await request(`${origin.url}/cold`, { dispatcher: agent });
      return body.text();
    });
    await expect.poll(() => origin.asked.length, PATIENT).toBe(1);
    open();
    expect(new Set(await Promise.all(asking))).toEqual(new Set(['one for all']));
    expect(origin.asked).toEqual(['GET /cold']);
  });
});

/** What a number is once it has not changed for a while. */
async function stable(read: () => number): Promise<number> {
  for (let last = -1; ; ) {
    const now = read();
    if (now === last) return now;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

describe('who gives up', () => {
  it('is told at once, and the origin is left', async () => {
    let left: Promise<unknown> = Promise.resolve();
    answers['/never'] = (response) => {
      left = once(response, 'close');
    };
    const controller = new AbortController();
    const asking = request(`${origin.url}/never`, { dispatcher: agent, signal: controller.signal });
    await expect.poll(() => origin.asked.length, PATIENT).toBe(1);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(asking).rejects.toBe(reason);
    await left;
    const fetching = fetch(`${origin.url}/never`, {
      dispatcher: agent,
      signal: AbortSignal.abort(),
    } as never);
    await expect(fetching).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('in the middle of a content leaves it to the others', async () => {
    let more = () => {};
    answers['/slow'] = (response) => {
      response.writeHead(200, FRESH).write('begun ');
      more = () => void response.end('and ended');
    };
    const first = await request(`${origin.url}/slow`, { dispatcher: agent });
    const second = await request(`${origin.url}/slow`, { dispatcher: agent });
    first.body.on('error', () => {});
    first.body.destroy();
    more();
    expect(await second.body.text()).toBe('begun and ended');
    await parts.settle();
    expect(await get('/slow')).toMatchObject({ content: 'begun and ended', by: 'hit' });
  });

  it('alone in the middle of a content lets go of the origin', async () => {
    let left: Promise<unknown> = new Promise(() => {});
    answers['/endless'] = (response) => {
      left = once(response, 'close');
      response.writeHead(200, { ...FRESH, 'Content-Length': 10_000_000 }).write('begun');
    };
    const { body } = await request(`${origin.url}/endless`, { dispatcher: agent });
    body.on('error', () => {});
    body.destroy();
    await left;
  });
});

describe('what has no response', () => {
  it('fails with what undici fails with', async () => {
    await origin.close();
    await expect(get('/a')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const fetching = undiciFetch(`${origin.url}/a`, { dispatcher: agent });
    await expect(fetching).rejects.toMatchObject({
      message: 'fetch failed',
      cause: { code: 'ECONNREFUSED' },
    });
    origin = await startOrigin(() => {});
  });

  it('keeps the timeouts that the request has', async () => {
    answers['/never'] = () => {};
    await expect(get('/never', { headersTimeout: 50 })).rejects.toMatchObject({
      code: 'UND_ERR_HEADERS_TIMEOUT',
    });
    answers['/stuck'] = (response) =>
      void response.writeHead(200, { ...FRESH, 'Content-Length': 9 }).write('some');
    await expect(get('/stuck', { bodyTimeout: 50 })).rejects.toMatchObject({ code: 'UND_ERR_BODY_TIMEOUT' });
  });

  it('is passed on where it is an upgrade or a tunnel', async () => {
    const server = createServer();
    for (const event of ['upgrade', 'connect']) {
      server.on(event, (_: IncomingMessage, socket: Socket) => {
        const status =
          event === 'upgrade' ? '101 Switching\r\nConnection: Upgrade\r\nUpgrade: echo' : '200 OK';
        socket.write(`HTTP/1.1 ${status}\r\n\r\n`);
        socket.pipe(socket);
      });
    }
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const tunnelling = createInterceptedParts([serviceAt(url)]);
    const composed = new Agent().compose(tunnelling.interceptor);
    const upgraded = await composed.upgrade({ origin: url, path: '/', protocol: 'echo' } as never);
    const tunnel = await composed.connect({ origin: url, path: 'elsewhere.test:443' });
    for (const { socket } of [upgraded, tunnel]) {
      socket.write('there and back');
      expect(String(await once(socket, 'data'))).toBe('there and back');
      socket.destroy();
    }
    await composed.destroy();
    server.close();
  });
});
