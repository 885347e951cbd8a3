import { Redis } from 'iovalkey';
import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { decodeStoredForm } from '../../src/response-cache/stored-form.ts';
import { type RunningProxy, startProxy } from '../support/proxy.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

// RFC 9111 §4.3.4: each 304 freshens what is stored, however many there are, and leaves nothing behind.

const TIMES = 50;
const BODY = 'body '.repeat(1_000);

let proxy: RunningProxy;
let valkey: ValkeyServer | null = null;
afterEach(async () => {
  await proxy.close();
  await valkey?.stop();
  valkey = null;
});

/** An origin whose resource never changes; `Served` of an answer is its number. */
async function startOrigin(lifetime: string, store = 'memory:'): Promise<{ statuses: number[] }> {
  const statuses: number[] = [];
  proxy = await startProxy(
    ({ headers }, response) => {
      const isKnown = headers['if-none-match'] === '"v1"';
      statuses.push(isKnown ? 304 : 200);
      const fields = { 'Cache-Control': lifetime, ETag: '"v1"', Served: String(statuses.length) };
      response.writeHead(isKnown ? 304 : 200, fields).end(isKnown ? undefined : BODY);
    },
    (config) => ({ ...config, store, store_timeout_ms: 10_000 }),
  );
  return { statuses };
}

async function get() {
  const { statusCode, headers, body } = await request(proxy.url);
  return { status: statusCode, served: Number(headers.served), body: await body.text() };
}

/** What keeps the event loop busy, without the timers that come and go. */
function handles(): number {
  return process.getActiveResourcesInfo().filter((name) => name !== 'Timeout' && name !== 'Immediate').length;
}

describe.each(['max-age=0', 'no-cache', 'max-age=0, must-revalidate'])(
  `${TIMES} validations of a response with %s`,
  (lifetime) => {
    it('give its body with the fields of the last 304, and leave no handle', async () => {
      const { statuses } = await startOrigin(lifetime);
      for (let i = 0; i < 3; i++) await get();
      const before = handles();
      for (let i = 3; i < TIMES; i++) expect(await get()).toEqual({ status: 200, served: i + 1, body: BODY });
      expect(statuses).toEqual([200, ...Array(TIMES - 1).fill(304)]);
      await expect.poll(handles).toBeLessThanOrEqual(before);
    });
  },
);

describe('a validation', () => {
  it('renews fields and time to live in the store, and keeps the body', async () => {
    valkey = await startValkeyServer();
    const client = new Redis(valkey.url);
    await startOrigin('max-age=0', valkey.url);
    await get();
    // Beside those that say who fills it.
    const keys = () => client.keys('response:*}');
    await expect.poll(async () => (await keys()).length).toBe(1);
    const [key] = (await keys()) as [string];
    await client.pexpire(key, 60_000);
    await get();
    await expect.poll(() => client.pttl(key)).toBeGreaterThan(60_000);
    const stored = decodeStoredForm((await client.getBuffer(key))!);
    if (stored?.kind !== 'response') expect.unreachable();
    const { response, body } = stored;
    const { fields } = response;
    expect(fields[fields.indexOf('Served') + 1]).toBe('2');
    expect(String(body)).toBe(BODY);
    expect(await keys()).toEqual([key]);
    client.disconnect();
  });
});
