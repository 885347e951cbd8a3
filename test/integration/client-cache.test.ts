import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { constants, createSecureServer, type Http2SecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { generate } from 'selfsigned';
import { Agent, fetch as undiciFetch } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type CachedFetch,
  type CachedFetchOptions,
  createCachedFetch,
} from '../../src/app/create-cached-fetch.ts';
import { systemClock as clock } from '../../src/clock.ts';
import { cacheOutcomeOf } from '../../src/fetch/cache-outcome.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createFaultyStore } from '../../src/testing/faulty-store.ts';
import { type SimpleOrigin, startOrigin } from '../support/cached-fetch.ts';
import { PATIENT } from '../support/ranged-origin.ts';
import { startValkeyServer } from '../support/valkey-server.ts';

// `cachegate/fetch`: what an application gets for its options.

const FRESH = { 'cache-control': 'max-age=60' };

let origin: SimpleOrigin;
/** The fields of the origin's answers, whose content counts them. */
let fields: Record<string, string>;
const opened: CachedFetch[] = [];

beforeEach(async () => {
  fields = FRESH;
  origin = await startOrigin((_, response) => {
    response.writeHead(200, fields).end(`answer ${origin.asked.length}`);
  });
});
afterEach(async () => {
  for (const fetch of opened.splice(0)) await fetch.close();
  await origin.close();
});

async function start(options: CachedFetchOptions = {}): Promise<CachedFetch> {
  const services = { api: { origin: origin.url } };
  const fetch = await createCachedFetch({ services, env: {}, store_timeout_ms: 10_000, ...options });
  opened.push(fetch);
  return fetch;
}

const memory = () => createMemoryStore({ maxBytes: 64 * 1024 * 1024, clock });

/** The text and how it came about. */
async function got(asking: Promise<Response>): Promise<[string, string]> {
  const response = await asking;
  const outcome = cacheOutcomeOf(response);
  return [await response.text(), outcome === null ? 'none' : outcome.hit ? 'hit' : (outcome.fwd ?? 'other')];
}

/** Until what was answered is stored. */
async function hit(fetch: CachedFetch, ...args: Parameters<CachedFetch>): Promise<void> {
  await expect.poll(async () => (await got(fetch(...args)))[1], PATIENT).toBe('hit');
}

describe('a cached fetch', () => {
  it('is fetch, and says how each response came about', async () => {
    const fetch = await start();
    const url = `${origin.url}/a`;
    expect(await got(fetch(url))).toEqual(['answer 1', 'uri-miss']);
    await hit(fetch, new URL(url));
    expect(await got(fetch(new Request(url)))).toEqual(['answer 1', 'hit']);
    const response = await fetch(url);
    expect(cacheOutcomeOf(response)).toEqual({ hit: true, ttl: expect.any(Number) });
    expect(cacheOutcomeOf(response.clone())).toEqual(cacheOutcomeOf(response));
    expect(origin.asked).toHaveLength(1);
    const asTyped: typeof globalThis.fetch = fetch;
    expect(await got(asTyped(url, { method: 'POST', body: 'x' }))).toEqual(['answer 2', 'method']);
    expect(await got(fetch(url))).toEqual(['answer 3', 'uri-miss']);
  });

  it('lets through what is no service’s', async () => {
    const fetch = await start({ services: { api: { origin: `${origin.url}/api` } } });
    expect([await got(fetch(`${origin.url}/a`)), await got(fetch(`${origin.url}/a`))]).toEqual([
      ['answer 1', 'none'],
      ['answer 2', 'none'],
    ]);
  });

  it('counts', async () => {
    const fetch = await start();
    await got(fetch(`${origin.url}/a`));
    await hit(fetch, `${origin.url}/a`);
    const stats = fetch.getStats();
    expect(stats).toMatchObject({
      enabled: true,
      storage_type: 'memory',
      per_service: { api: { total_misses: 1 } },
    });
    expect(await fetch.getStatsAsync()).toMatchObject({ total_entries: 1 });
  });

  it('asks by the fetch that it was given', async () => {
    const asked: string[] = [];
    const fetch = await start({
      fetch: async (input, init) => {
        asked.push(String(input));
        return globalThis.fetch(input, init);
      },
    });
    await got(fetch(`${origin.url}/a`));
    await hit(fetch, `${origin.url}/a`);
    expect(asked).toEqual([`${origin.url}/a`]);
  });

  it('goes on without its cache when it is closed', async () => {
    const errors: unknown[] = [];
    const fetch = await start({ store: 'memory:', onError: (error) => errors.push(error) });
    await got(fetch(`${origin.url}/a`));
    await fetch.close();
    await fetch.close();
    expect((await got(fetch(`${origin.url}/a`)))[0]).toBe('answer 2');
  });
});

describe('what a call asks of the cache', () => {
  it('tags what is stored, to be dropped by what has all of some tags', async () => {
    const fetch = await start({ services: { api: { origin: origin.url, cache: { tags: ['all'] } } } });
    const [a, b] = [`${origin.url}/a`, `${origin.url}/b`];
    await got(fetch(a, { cachegate: { tags: ['one', 'a list'] } }));
    await got(fetch(b, { cachegate: { tags: ['two'] } }));
    await hit(fetch, a);
    await hit(fetch, b);
    expect(await fetch.invalidate('none')).toBe(0);
    expect(await fetch.invalidate('one', 'two')).toBe(0);
    expect(await fetch.invalidate('one', 'a list', 'all')).toBe(1);
    await expect(fetch.invalidate(...([] as unknown as ['a']))).rejects.toThrow(/one at least/);
    expect([(await got(fetch(a)))[1], (await got(fetch(b)))[1]]).toEqual(['uri-miss', 'hit']);
    await hit(fetch, a);
    expect(await fetch.invalidate('all')).toBe(2);
  });

  it('validates now, or where what is stored is older than is good enough', async () => {
    fields = { ...FRESH, etag: '"1"', age: '30' };
    const fetch = await start();
    const ask = async (revalidate: boolean | number) =>
      (await got(fetch(`${origin.url}/a`, { cachegate: { revalidate } })))[1];
    await got(fetch(`${origin.url}/a`));
    await hit(fetch, `${origin.url}/a`);
    expect([await ask(false), await ask(50), await ask(20), await ask(true)]).toEqual([
      ...['hit', 'hit', 'request', 'request'],
    ]);
    expect(
      origin.requests.slice(1).map(({ headers }) => [headers['if-none-match'], headers['cache-control']]),
    ).toEqual([
      ['"1"', 'max-age=20'],
      ['"1"', 'max-age=0'],
    ]);
  });

  it('gives a lifetime to what has none, and to nothing else', async () => {
    fields = {};
    const fetch = await start();
    const url = `${origin.url}/a`;
    await got(fetch(url));
    expect((await got(fetch(url)))[1]).not.toBe('hit');
    await hit(fetch, url, { cachegate: { ttl: 60 } });
    // It is the response's from then on, whoever asks.
    expect((await got(fetch(url)))[1]).toBe('hit');
    fields = { 'cache-control': 'no-store' };
    await got(fetch(`${origin.url}/b`, { cachegate: { ttl: 60 } }));
    expect((await got(fetch(`${origin.url}/b`)))[1]).not.toBe('hit');
  });

  it.each([
    [{ tags: 'one' }],
    [{ tags: ['a,b'] }],
    [{ tags: Array(65).fill('a') }],
    [{ ttl: -1 }],
    [{ ttl: 1.5 }],
    [{ revalidate: 'now' }],
    ['all of it'],
  ])('refuses what makes no sense: %j', async (cachegate) => {
    const fetch = await start();
    await expect(fetch(`${origin.url}/a`, { cachegate } as RequestInit)).rejects.toThrow(/accepted/);
    expect(origin.asked).toEqual([]);
  });

  it('and no store, reloads and what is cached alone are as fetch has them', async () => {
    const fetch = await start();
    const url = `${origin.url}/a`;
    const asked = (cache: Request['cache'], revalidate?: true) =>
      got(fetch(url, { cache, mode: 'same-origin', cachegate: { revalidate } })).catch(
        (error: Error) => error,
      );
    expect(await asked('only-if-cached')).toMatchObject({
      name: 'TypeError',
      cause: { code: 'ERR_FETCH_UNSUPPORTED' },
    });
    expect(origin.asked).toEqual([]);
    await got(fetch(url));
    await hit(fetch, url);
    expect(await asked('only-if-cached', true)).toEqual(['answer 1', 'hit']);
    expect(await asked('no-store', true)).toEqual(['answer 2', 'bypass']);
    expect(await asked('reload', true)).toEqual(['answer 3', 'request']);
  });
});

describe('a private cache', () => {
  it('stores what is private, which a shared one on the same store never sees', async () => {
    const store = memory();
    const own = await start({ store, type: 'private' });
    const shared = await start({ store });
    fields = { 'cache-control': 'private, max-age=60' };
    const url = `${origin.url}/a`;
    await got(own(url));
    await hit(own, url);
    expect(await got(shared(url))).toEqual(['answer 2', 'uri-miss']);
    fields = FRESH;
    await got(shared(`${origin.url}/b`));
    await hit(shared, `${origin.url}/b`);
    expect((await got(own(`${origin.url}/b`)))[1]).toBe('uri-miss');
    await store.close();
  });

  it('answers credentials with what they brought, and drops that for all of them', async () => {
    const fetch = await start({ type: 'private' });
    const url = `${origin.url}/a`;
    const as = (authorization?: string) =>
      [url, authorization === undefined ? {} : { headers: { authorization } }] as const;
    await got(fetch(...as('Bearer one')));
    await hit(fetch, ...as('Bearer one'));
    expect(await got(fetch(...as('Bearer two')))).toEqual(['answer 2', 'uri-miss']);
    expect(await got(fetch(...as()))).toEqual(['answer 3', 'uri-miss']);
    await hit(fetch, ...as('Bearer two'));
    await hit(fetch, ...as());
    await got(fetch(url, { method: 'DELETE', ...as('Bearer one')[1] }));
    const outcomes = [as('Bearer one'), as('Bearer two'), as()].map(
      async (each) => (await got(fetch(...each)))[1],
    );
    expect(await Promise.all(outcomes)).toEqual(['uri-miss', 'uri-miss', 'uri-miss']);
  });

  it('lies in no store that the environment names', async () => {
    const env = { CACHE_URL: 'redis://127.0.0.1:1' };
    expect((await start({ type: 'private', env })).getStats()).toMatchObject({ storage_type: 'memory' });
    expect((await start({ env })).getStats()).toMatchObject({ storage_type: 'redis' });
    expect((await start({ store: 'memory:', env })).getStats()).toMatchObject({ storage_type: 'memory' });
  });
});

describe('a store that is somebody else’s', () => {
  it('is left open', async () => {
    const store = memory();
    const fetch = await start({ store });
    await got(fetch(`${origin.url}/a`));
    await hit(fetch, `${origin.url}/a`);
    await fetch.close();
    const again = await start({ store });
    expect((await got(again(`${origin.url}/a`)))[1]).toBe('hit');
    await store.close();
  });
});

describe('what goes wrong in the cache', () => {
  const URLS = ['/a', '/b', '/c'];

  async function fetchAll(fetch: CachedFetch): Promise<void> {
    for (const path of URLS) expect((await got(fetch(origin.url + path)))[0]).toMatch(/^answer \d+$/);
    const posted = await fetch(`${origin.url}/a`, {
      method: 'POST',
      body: 'x',
      cachegate: { tags: ['one'] },
    });
    expect(posted.status).toBe(200);
  }

  it.each(['hangs', 'fails', 'throws'])(
    'a store that %s is told to its owner, and to nobody who fetches',
    async (how) => {
      const faulty = createFaultyStore(memory());
      const errors: unknown[] = [];
      const throwing = new Proxy(faulty as Store, {
        get: (target, name) =>
          typeof target[name as keyof Store] === 'function' && name !== 'listen' && name !== 'close'
            ? () => {
                throw new Error('no store at all');
              }
            : target[name as keyof Store],
      });
      const onError = (error: unknown) => {
        errors.push(error);
        throw new Error('its own fault');
      };
      const store = how === 'throws' ? throwing : faulty;
      const fetch = await start({ store, onError, store_timeout_ms: 50 });
      if (how === 'hangs') faulty.hang();
      if (how === 'fails') faulty.fail(new Error('broken'));
      await fetchAll(fetch);
      expect(errors.length).toBeGreaterThan(0);
      await expect(fetch.invalidate('one')).rejects.toMatchObject({ code: 'ERR_PURGE_INCOMPLETE' });
      faulty.heal();
    },
  );

  it('values that nobody can read are misses', async () => {
    const store = memory();
    const keys: string[] = [];
    const watched = new Proxy(store, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (name === 'set') keys.push(String(args[0]));
          return value.apply(target, args);
        };
      },
    });
    const errors: unknown[] = [];
    const fetch = await start({ store: watched, onError: (error) => errors.push(error) });
    fields = { ...FRESH, vary: 'Accept' };
    for (const path of URLS) await hit(fetch, origin.url + path);
    const stored = await Promise.all(
      [...new Set(keys)].map(async (key) => [key, (await store.get([key]))[0]] as const),
    );
    for (const damage of [cut, flipped, random, empty]) {
      for (const [key, value] of stored) if (value) await store.set(key, damage(value.bytes), 60_000);
      await fetchAll(fetch);
    }
    expect(errors).toEqual([]);
    await store.close();
  });

  const cut = (bytes: Buffer) => Buffer.from(bytes.subarray(0, bytes.length >> 1));
  const flipped = (bytes: Buffer) =>
    Buffer.from(bytes.map((byte, at) => (at > 10 && at < 20 ? byte ^ 0xff : byte)));
  const random = (bytes: Buffer) => randomBytes(bytes.length);
  const empty = () => Buffer.alloc(0);

  it('a server that dies, and comes back, is noticed by nobody', async () => {
    const valkey = await startValkeyServer();
    const fetch = await start({ store: valkey.url });
    for (const path of URLS) await hit(fetch, origin.url + path);
    await valkey.kill();
    await fetchAll(fetch);
    await valkey.restart();
    for (const path of URLS) await hit(fetch, origin.url + path);
    await fetch.close();
    await valkey.stop();
  });
});

describe('what a caller does with a response', () => {
  it('is not what others get', async () => {
    const fetch = await start();
    const url = `${origin.url}/a`;
    const [read, left, split] = await Promise.all([fetch(url), fetch(url), fetch(url)]);
    await left.body!.cancel();
    const [one, other] = split.body!.tee();
    expect(await read.text()).toBe('answer 1');
    expect([await new Response(one).text(), await new Response(other).text()]).toEqual([
      'answer 1',
      'answer 1',
    ]);
    const mine = await (await fetch(url)).arrayBuffer();
    new Uint8Array(mine).fill(0);
    expect((await got(fetch(url)))[0]).toBe('answer 1');
    expect(origin.asked).toHaveLength(1);
  });

  it('and a signal that is aborted ends its own call alone', async () => {
    const fetch = await start();
    const url = `${origin.url}/a`;
    const leaving = new AbortController();
    const reason = new Error('gone');
    const asking = fetch(url, { signal: leaving.signal }).catch((error: unknown) => error);
    const staying = fetch(url);
    leaving.abort(reason);
    expect(await asking).toBe(reason);
    expect((await got(staying))[0]).toMatch(/^answer/);
    await expect(fetch(url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('bad options', () => {
  it.each<[string, object, RegExp]>([
    ['an unknown name', { shop: 1 }, /shop/],
    ['an unknown type', { type: 'public' }, /type: found "public"; accepted: shared or private/],
    ['a bad origin', { services: { api: { origin: 'ftp://x' } } }, /services\.api\.origin: found/],
    [
      'a bad range',
      { services: { api: { origin: 'http://x', cache: { ttl_seconds: -1 } } } },
      /ttl_seconds: found -1/,
    ],
    ['what is an application’s', { sessions: {} }, /sessions: unknown option of a client cache/],
    ['a store that is none', { store: 'ftp://x' }, /store: found/],
    ['none', { store: 'none:' }, /store: found/],
    ['an object that is no store', { store: {} }, /store: found a mapping; accepted: an address, or an open/],
    ['what is no log', { log: 'console' }, /log: found "console"; accepted: a pino logger, .*; or true/],
    ['what is no function', { onError: 1 }, /onError: found 1; accepted: a function/],
    ['several at once', { onError: 1, stor: 'memory:' }, /stor: .*did you mean store\?.*\nonError: /s],
  ])('are told with what is accepted: %s', async (_, options, message) => {
    const creating = createCachedFetch({ env: {}, ...options } as CachedFetchOptions);
    await expect(creating).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      message: expect.stringMatching(message),
    });
  });
});

describe('over HTTP/2, where no length tells the end', () => {
  let server: Http2SecureServer;
  let agent: Agent;
  let url: string;
  let answered: number;
  beforeEach(async () => {
    answered = 0;
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
      keyType: 'ec',
    });
    server = createSecureServer({ key, cert }).on('stream', (stream, { ':path': path = '' }) => {
      stream.on('error', () => {});
      answered++;
      const type = path.startsWith('/json') ? 'application/json' : 'text/plain';
      stream.respond({ ':status': 200, 'content-type': type, ...FRESH });
      stream.write('{"a":');
      if (path.endsWith('reset')) setImmediate(() => stream.close(constants.NGHTTP2_CANCEL));
      else stream.end('1}');
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    agent = new Agent({ allowH2: true, connect: { rejectUnauthorized: false } });
  });
  afterEach(async () => {
    await agent.destroy();
    server.close();
  });

  it('JSON that is whole is stored, and nothing that may have been broken off', async () => {
    const byUndici = ((input: string, init: object) =>
      undiciFetch(input, { ...init, dispatcher: agent })) as unknown;
    const services = { api: { origin: url } };
    const fetch = await start({ services, fetch: byUndici as typeof globalThis.fetch });
    await hit(fetch, `${url}/json`);
    expect(answered).toBeLessThanOrEqual(2);
    for (const path of ['/text', '/json/reset']) {
      const before = answered;
      for (let i = 0; i < 3; i++) await fetch(url + path).then((response) => response.text());
      expect(answered - before, path).toBe(3);
    }
  });
});
