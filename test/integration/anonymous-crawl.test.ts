import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Redis } from 'iovalkey';
import pino from 'pino';
import { Pool } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Cachegate } from '../../src/app/cachegate.ts';
import { createCachegate } from '../../src/app/create-cachegate.ts';
import { withCachegate } from '../../src/frameworks/node.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

// `npm run soak -- anonymous-crawl` is the same with a process of Fastify, and 10,000 requests.

const REQUESTS = 1_000;
const AT_ONCE = 20;
const SID = 'A'.repeat(22);

const base64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const header = base64({ alg: 'HS256', kid: 'AAAAAAAAAAAAAAAA', typ: 'cachegate-session+jwt' });
const FORGED = `${header}.${base64({ sid: SID, iat: 1, exp: 9_999_999_999, end: 9_999_999_999 })}.${'A'.repeat(43)}`;

/** What visitors without a session send: nothing, others' cookies, ids and tokens of their own making. */
const COOKIES = [
  undefined,
  'theme=dark; consent=yes',
  'session=',
  `session=${SID}`,
  `session=${FORGED}`,
  `session=${FORGED}; session=other`,
];
/** There while processes are that hear of purges. */
const PROCESSES = /^processes:\{\d+\}$/;

let valkey: ValkeyServer;
let client: Redis;
beforeAll(async () => {
  valkey = await startValkeyServer();
  client = new Redis(valkey.url);
});
afterAll(async () => {
  client.disconnect();
  await valkey.stop();
});

describe.each([{}, { near_cache: 'off' as const }])('visitors without a session, %o', (near) => {
  let cachegate: Cachegate;
  let pool: Pool;
  const server = createServer();

  beforeAll(async () => {
    const sessions = { secrets: ['a secret of this test, long enough'], cookie: { secure: false } };
    const options = { store: valkey.url, store_timeout_ms: 10_000, ...near, sessions };
    cachegate = await createCachegate(options, { env: {}, log: pino({ level: 'silent' }) });
    const page = withCachegate(cachegate, (_request, response, { session }) => {
      response.end(`${session.user ?? 'stranger'} ${session.get('n') ?? 0}`);
    });
    server.on('request', page);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    pool = new Pool(`http://127.0.0.1:${port}`, { connections: AT_ONCE });
  });
  afterAll(async () => {
    await pool.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await cachegate.close();
  });

  it('leave no keys in the store, and are given no cookie', async () => {
    await Promise.all(Array.from({ length: REQUESTS }, (_, i) => visit(i)));
    const keys = await client.keys('*');
    expect(keys.filter((key) => !PROCESSES.test(key))).toEqual([]);
  });

  async function visit(i: number): Promise<void> {
    const cookie = COOKIES[i % COOKIES.length];
    const { statusCode, headers, body } = await pool.request({
      method: 'GET',
      path: `/${i}`,
      headers: cookie === undefined ? {} : { cookie },
    });
    expect([statusCode, await body.text()]).toEqual([200, 'stranger 0']);
    expect(headers['set-cookie']).toBeUndefined();
  }
});
