import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { createCachegate } from '../../src/app/create-cachegate.ts';
import { type ConfigInput, configSchema } from '../../src/config/schema.ts';
import { withCachegate } from '../../src/frameworks/node.ts';
import type { Log } from '../../src/observe/log.ts';
import { startServer } from '../../src/server.ts';
import { startNotingServer } from './gated-site.ts';
import { randomSecret, randomToken } from './secret-forms.ts';
import { startValkeyServer } from './valkey-server.ts';

/** All that a deployment and its clients have to keep to themselves, made anew for each run. */
export function newSecrets() {
  return {
    storePassword: randomSecret(),
    wrongPassword: randomSecret(),
    apiKey: randomToken(),
    otherApiKey: randomSecret(),
    purgeToken: randomToken(),
    adminToken: randomSecret(),
    hashKey: randomSecret(),
    sessionSecret: randomSecret(),
    identitySecret: randomSecret(),
    warmHeader: randomToken(),
    session: randomToken(),
    unknownSession: randomToken(),
    authorization: randomToken(),
    cookie: randomToken(),
    query: randomToken(),
    wrongToken: randomToken(),
    inCode: randomSecret(),
    valueKey: randomToken(),
  };
}

export type Secrets = ReturnType<typeof newSecrets>;

/** Answers what no parser takes, with the request in it, so that it could end up in an error. */
async function startGarbledOrigin(): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) =>
      socket.end(`HTTP/1.1 200 OK\r\nno field ${bytes.toString('latin1')}\r\n\r\n`),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}

const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

/** What somebody's own code may throw: texts and properties with secrets in them. */
export function tellingErrors({ inCode: secret }: Secrets): (() => never)[] {
  const thrown =
    (error: Error, more: object = {}) =>
    () => {
      throw Object.assign(error, more);
    };
  const from = (call: () => unknown) => () => {
    call();
    throw new Error('did not throw');
  };
  return [
    thrown(new Error(`GET http://user:${encodeURIComponent(secret)}@host/path?key=${secret} failed`)),
    thrown(new Error('wrapped', { cause: new TypeError(`redis://:${secret}@host:6379 is away`) })),
    thrown(new Error('no'), { command: { name: 'auth', args: [secret] }, request: { headers: { secret } } }),
    thrown(new Error(`Authorization: Bearer ${secret}`), { name: `Error of ${secret}`, code: secret }),
    from(() => new Headers({ authorization: `Bearer ${secret}\n\n\0` })),
    from(() => new Request(`http://user:${secret}@host/?key=${secret}`)),
    from(() => JSON.parse(`{"password": "x" ${secret}`)),
    from(() => new URL(`//${secret}`)),
  ];
}

/** A whole deployment in this process: a server with its store, authority and origins, and an application beside it. */
export async function startTellingSite(secrets: Secrets, log: Log) {
  const valkey = await startValkeyServer({ args: ['--requirepass', secrets.storePassword] });
  const origin = await startNotingServer((_, response) => {
    response.writeHead(200, { 'Cache-Control': 'max-age=600', 'Cache-Tag': 'news' }).end('answer');
  });
  const authority = await startNotingServer((request, response) => {
    response.writeHead(request.headers['x-session'] === secrets.session ? 200 : 401).end();
  });
  const garbled = await startGarbledOrigin();
  const storeAt = (password: string) =>
    valkey.url.replace('redis://', `redis://:${encodeURIComponent(password)}@`);
  const shared = {
    ...{ store: storeAt(secrets.storePassword), namespace: 'site', hash_key: secrets.hashKey },
    ...{ logging_level: 'detailed' as const, log_ttl_info: true, aggregate_log_interval: 5 },
    sessions: { secrets: [secrets.sessionSecret], cookie: { name: 'sid', secure: false } },
  };
  const remote = { authority: 'http', url: authority.url, header: 'X-Session', timeout_ms: 500 } as const;
  const keys = { Authorization: `Bearer ${secrets.apiKey}`, 'X-Api-Key': secrets.otherApiKey };
  const throws = tellingErrors(secrets);
  let asked = 0;
  const services: ConfigInput['services'] = {
    api: {
      ...{ path: '/api', origin: origin.url, request_headers: keys, rate_limit: { session: 'off' } },
      session: { ...remote, logout_path: '/logout' },
      forward: { cookies: true },
    },
    open: {
      ...{ path: '/open', origin: origin.url, request_headers: keys, rate_limit: { address: 'off' } },
      forward: { cookies: true, authorization: true },
    },
    own: {
      ...{ path: '/own', origin: origin.url },
      session: { authority: 'own', pass_identity: 'signed', identity_secret: secrets.identitySecret },
    },
    garbled: { path: '/garbled', origin: urlOf(garbled), request_headers: keys },
    // Nobody listens there.
    down: { path: '/down', origin: 'http://127.0.0.1:1', request_headers: keys },
    code: {
      ...{ path: '/code', origin: origin.url, rate_limit: { address: 'off' } },
      transform: { request: () => throws[asked++ % throws.length]!() },
    },
  };
  const input: ConfigInput = {
    ...{ ...shared, listen: '127.0.0.1:0', admin_listen: '127.0.0.1:0', services },
    ...{ purge: { token: secrets.purgeToken, addresses: [] }, admin_token: secrets.adminToken },
    warm: { request_headers: { Authorization: `Bearer ${secrets.warmHeader}` }, template: '/down/{id}' },
  };
  const env = { NODE_ENV: 'development' };
  const server = await startServer(configSchema.parse(input), { env, log });
  const locked = { ...input, admin_listen: 'off', store: storeAt(secrets.wrongPassword) } as const;
  const lockedOut = await startServer(configSchema.parse(locked), { env, log });

  const cachegate = await createCachegate(
    {
      ...{ ...shared, gate: remote },
      services: { origin: { origin: origin.url }, down: { origin: 'http://127.0.0.1:1' } },
    },
    { env, log },
  );
  const application = createHttpServer(
    withCachegate(cachegate, (request) => throws[Number(request.url!.slice(1)) % throws.length]!()),
  );
  await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));

  return {
    ...{ valkey, origin, authority, cachegate },
    throws: throws.length,
    url: server.url,
    adminUrl: server.adminUrl!,
    lockedOutUrl: lockedOut.url,
    applicationUrl: urlOf(application),
    async close() {
      application.closeAllConnections();
      await Promise.all([
        new Promise((resolve) => application.close(resolve)),
        ...[server.close(1_000), lockedOut.close(1_000), cachegate.close()],
      ]);
      await Promise.all([origin.close(), authority.close(), valkey.stop()]);
      await new Promise((resolve) => garbled.close(resolve));
    },
  };
}
