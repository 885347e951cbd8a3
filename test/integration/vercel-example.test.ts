import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { Redis } from 'iovalkey';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { SAMPLE_SESSION } from '../../examples/wagtail-airtable/sample/authority.mjs';
import { startKvRestFront } from '../support/kv-rest-front.ts';
import { startValkeyServer } from '../support/valkey-server.ts';

// The example on the built package, by the one command of its README: the exported handler, called as the platform does.

const EXAMPLE = resolve(import.meta.dirname, '../../examples/vercel-airtable-proxy');
const EXTENSION = 'chrome-extension://abcdefghijklmnopabcdefghijklmnop';
const READY_MS = 30_000;
/** Of this file alone, whatever the machine has set. */
const UNSET = ['CACHE_URL', 'REDIS_URL', 'UPSTASH_REDIS_REST_URL', 'UPSTASH_REDIS_REST_TOKEN'];

interface Example {
  /** The platform's URL, as it was printed. */
  readonly url: string;
  /** What was printed, the function's log among it. */
  readonly printed: () => string;
  /** As Ctrl-C does; answers the exit code. */
  stop(): Promise<number | null>;
}

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(env: Record<string, string> = {}): Promise<Example> {
  const inherited = Object.entries(process.env).filter(([name]) => !UNSET.includes(name));
  const child = spawn(process.execPath, [resolve(EXAMPLE, 'local.mjs')], {
    env: { ...Object.fromEntries(inherited), KV_REST_API_URL: '', PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let printed = '';
  child.stdout.on('data', (chunk) => (printed += String(chunk)));
  child.stderr.on('data', (chunk) => (printed += String(chunk)));
  const ended = once(child, 'close');
  const stop = async () => {
    child.kill('SIGINT');
    const [code] = await ended;
    return code;
  };
  closers.push(stop);
  const isReady = () => (printed.includes('Rate-limited:') ? Promise.resolve() : Promise.reject());
  await Promise.race([vi.waitFor(isReady, { timeout: READY_MS }), ended]).catch(() => {});
  const url = /^The function answers at (\S+),/m.exec(printed)?.[1];
  if (url === undefined) throw new Error(`The example did not start:\n${printed}`);
  return { url, printed: () => printed, stop };
}

interface Asked {
  readonly method?: string;
  readonly page?: string | null;
  readonly session?: string | null;
  readonly origin?: string | null;
}

async function ask({ url }: Example, asked: Asked = {}): Promise<Response> {
  const {
    method = 'GET',
    page = '/parking/resident-permits',
    session = SAMPLE_SESSION,
    origin = EXTENSION,
  } = asked;
  const query = page === null ? '' : `?pagePath=${encodeURIComponent(page)}`;
  return fetch(`${url}/api/airtable-proxy${query}`, {
    method,
    headers: {
      ...(origin !== null && { Origin: origin }),
      ...(session !== null && { 'X-Wagtail-Session': session }),
      ...(method === 'OPTIONS' && { 'Access-Control-Request-Method': 'GET' }),
    },
  });
}

describe('the Vercel example', { timeout: 60_000 }, () => {
  it('does not start on a bad value, which is a line, nor on a port in use', async () => {
    const refused = await start({ SESSION_CACHE_TTL: 'soon' }).catch((error: Error) => error.message);
    expect(refused).toContain('SESSION_CACHE_TTL (services.airtable.session.cache_ttl_seconds): found');
    expect(refused).not.toContain('    at ');
    const { url } = await start();
    const taken = await start({ PORT: new URL(url).port }).catch((error: Error) => error.message);
    expect(taken).toMatch(/^127\.0\.0\.1:\d+ is in use; PORT names another$/m);
  });

  it('answers from its memory without an account, and ends at Ctrl-C', async () => {
    const example = await start();
    expect(example.printed()).toContain('from its own memory');
    const [missed, hit] = [await ask(example), await ask(example)];
    expect([missed.status, hit.status]).toEqual([200, 200]);
    const { records } = (await missed.json()) as { records: { referrer: string }[] };
    expect(records.map(({ referrer }) => referrer)).toEqual(Array(5).fill('/parking/resident-permits'));
    expect(await hit.json()).toEqual({ records });
    expect(missed.headers.get('cache-status')).toBe('cachegate; fwd=uri-miss; fwd-status=200; stored');
    expect(hit.headers.get('cache-status')).toMatch(/^cachegate; hit; ttl=\d+$/);
    const others: readonly (readonly [Asked, number])[] = [
      [{ page: null }, 400],
      [{ session: null }, 401],
      [{ session: 'nobody' }, 401],
      [{ origin: null }, 403],
      [{ origin: 'https://evil.example' }, 403],
      [{ method: 'POST' }, 405],
      [{ method: 'OPTIONS' }, 204],
      [{ method: 'HEAD' }, 200],
    ];
    for (const [asked, status] of others) {
      const response = await ask(example, asked);
      expect([asked, response.status]).toEqual([asked, status]);
      if (status >= 400) expect(await response.json()).toEqual({ error: expect.any(String) });
      else expect(await response.text()).toBe('');
    }
    const statuses: number[] = [];
    for (let asked = 0; asked < 10; asked += 1) statuses.push((await ask(example)).status);
    expect(statuses.at(-1)).toBe(429);
    expect(await example.stop()).toBe(0);
    const start8 = SAMPLE_SESSION.slice(0, 8);
    expect(example.printed()).toContain(`Session cache miss for session:${start8}, validating with Wagtail`);
    expect(example.printed()).toMatch(new RegExp(`Session cache hit for session:${start8} \\(\\d+ms\\)`));
    const logged = example
      .printed()
      .split('\n')
      .filter((line) => line.startsWith('{'));
    expect(logged.join('\n')).not.toContain(SAMPLE_SESSION);
  });

  it('shares what it knows through the KV service that is connected', async () => {
    const valkey = await startValkeyServer();
    closers.push(() => valkey.stop());
    const front = await startKvRestFront(valkey.url);
    closers.push(() => front.close());
    const connected = { KV_REST_API_URL: front.url, KV_REST_API_TOKEN: front.token };
    // The service knows the scripts from then on, whatever becomes of the data.
    const before = await start(connected);
    expect((await ask(before)).status).toBe(200);
    expect(await before.stop()).toBe(0);
    const client = new Redis(valkey.url);
    await client.flushall();
    client.disconnect();
    front.reset();
    const first = await start(connected);
    expect((await ask(first)).headers.get('cache-status')).toContain('fwd=uri-miss');
    // Ends when what followed the answer is stored.
    expect(await first.stop()).toBe(0);
    expect(front.commands.length, front.commands.join()).toBeLessThanOrEqual(6);
    const second = await start(connected);
    front.reset();
    const hit = await ask(second);
    expect(hit.headers.get('cache-status')).toMatch(/^cachegate; hit; /);
    expect(second.printed()).toMatch(/Session cache hit for session:/);
    expect(front.commands.length, front.commands.join()).toBeLessThanOrEqual(3);
    expect(await second.stop()).toBe(0);
  });

  it('goes on by validation and origin without the KV service, and waits for a slow one once', async () => {
    const valkey = await startValkeyServer();
    closers.push(() => valkey.stop());
    const front = await startKvRestFront(valkey.url);
    closers.push(() => front.close());
    const example = await start({ KV_REST_API_URL: front.url, KV_REST_API_TOKEN: front.token });
    front.faults.delayMs = 1_000;
    const slow = await ask(example);
    expect([slow.status, slow.headers.get('cache-status')]).toEqual([200, expect.stringContaining('fwd=')]);
    expect(front.requests).toBe(1);
    front.faults.delayMs = 0;
    front.faults.status = 500;
    expect((await ask(example)).status).toBe(200);
    expect((await ask(example, { session: 'nobody' })).status).toBe(401);
    expect(await example.stop()).toBe(0);
    expect(example.printed()).toContain(
      `Wagtail validation for session:${SAMPLE_SESSION.slice(0, 8)}: valid`,
    );
  });
});
