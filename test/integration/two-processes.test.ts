import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { createNearStore } from '../../src/store/near/near-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createValkeyStore } from '../../src/store/valkey/valkey-store.ts';
import { type AtOrigin, type CacheProcess, createCacheProcess, KEYS } from '../support/cache-process.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

const PATIENT = { timeout: 10_000 };
const HOUR = { 'Cache-Control': 'max-age=3600' };
const LARGE = 700_000;

let valkey: ValkeyServer;
beforeAll(async () => {
  valkey = await startValkeyServer();
});
afterAll(() => valkey.stop());

/** As two processes would have it: one store of their own each, on the same data. */
const STORES: [string, () => [Store, Store]][] = [
  [
    'memory',
    () => {
      const store = createMemoryStore({ maxBytes: 64_000_000 });
      return [store, store];
    },
  ],
  ['Valkey', () => [createValkeyStore({ url: valkey.url }), createValkeyStore({ url: valkey.url })]],
  ['Valkey with near copies', () => [nearStore(), nearStore()]],
];

function nearStore(): Store {
  const options = { maxBytes: 64_000_000, maxAgeMs: 1_000, isNear: () => true };
  return createNearStore(createValkeyStore({ url: valkey.url }), options);
}

describe.each(STORES)('two processes on %s', (_name, createStores) => {
  let origin: AtOrigin[];
  let a: CacheProcess;
  let b: CacheProcess;
  let target: string;

  beforeEach(async () => {
    origin = [];
    const [first, second] = createStores();
    await Promise.all([first.ping(), second.ping()]);
    a = createCacheProcess('a', first, origin);
    b = createCacheProcess('b', second, origin);
    target = `/${randomBytes(6).toString('hex')}`;
  });
  afterEach(async () => {
    for (const each of origin) each.fail(new Error('the test is over'));
    await Promise.all([a.settle(), b.settle()]);
    await Promise.all([a.store.close(), b.store.close()]);
  });

  const asked = (count: number) => expect.poll(() => origin.length, PATIENT).toBe(count);
  /** By now whoever was to ask the origin would have. */
  const pause = () => new Promise((resolve) => setTimeout(resolve, 60));
  const stored = (process = a) => process.settle();

  describe('that are asked for the same at once', () => {
    it('ask the origin once, and answer with what it said', async () => {
      const answers = [a, a, b, b].map((each) => each.ask({ target }));
      await asked(1);
      await pause();
      origin[0]!.answer(HOUR, 'shared');
      const all = await Promise.all(answers);
      expect(all.map(({ body }) => body)).toEqual(Array(4).fill('shared'));
      expect(origin).toHaveLength(1);
      const leader = origin[0]!.process;
      const others = all.filter((_, i) => ['a', 'a', 'b', 'b'][i] !== leader);
      for (const { outcome } of others)
        expect(outcome).toMatchObject({ hit: false, fwd: 'uri-miss', collapsed: true });
    });

    it('find what the other has stored since they looked', async () => {
      const first = a.ask({ target });
      await asked(1);
      origin[0]!.answer(HOUR, 'stored');
      await first;
      await stored();
      expect(await b.ask({ target })).toMatchObject({ body: 'stored', outcome: { hit: true } });
      expect(origin).toHaveLength(1);
    });

    it.each([
      ['an answer for one alone', { 'Cache-Control': 'private' }, 200],
      ['one to be validated each time', { 'Cache-Control': 'no-cache', ETag: '"1"' }, 200],
      ['an error', { 'Cache-Control': 'no-store' }, 500],
    ])('go on at once after %s, and do not wait for the next', async (_what, fields, status) => {
      const first = a.ask({ target });
      await asked(1);
      const others = [b.ask({ target }), b.ask({ target })];
      await pause();
      expect(origin).toHaveLength(1);
      origin[0]!.answer(fields, 'own', status);
      await first;
      // The first of those who waited here, and then the rest, at once.
      await asked(2);
      const later = b.ask({ target });
      await asked(3);
      for (const each of origin) each.answer(fields, 'own', status);
      await asked(4);
      for (const each of origin) each.answer(fields, 'own', status);
      for (const each of await Promise.all([...others, later])) expect(each).toMatchObject({ status });
    });

    it('go on when the one that asks fails', async () => {
      const first = a.ask({ target }).catch(() => 'failed');
      await asked(1);
      const second = b.ask({ target });
      await pause();
      origin[0]!.fail(new Error('no connection'));
      expect(await first).toBe('failed');
      await asked(2);
      origin[1]!.answer(HOUR, 'other');
      expect(await second).toMatchObject({ body: 'other' });
    });

    it('go on after a 4xx, which says nothing of others', async () => {
      const first = a.ask({ target });
      await asked(1);
      const second = b.ask({ target });
      await pause();
      origin[0]!.answer({ 'Cache-Control': 'no-store' }, 'no', 403);
      expect(await first).toMatchObject({ status: 403 });
      await asked(2);
      origin[1]!.answer(HOUR, 'yes');
      expect(await second).toMatchObject({ body: 'yes' });
    });

    it('wait no longer than they are to', async () => {
      const first = a.ask({ target });
      await asked(1);
      const second = b.ask({ target, collapseMs: 50 });
      await asked(2);
      origin[1]!.answer(HOUR, 'own');
      expect(await second).toMatchObject({ body: 'own', outcome: { stored: true } });
      origin[0]!.answer(HOUR, 'late');
      await first;
    });

    it('stop waiting when their clients have left', async () => {
      const first = a.ask({ target });
      await asked(1);
      const leaving = new AbortController();
      const second = b.ask({ target, signal: leaving.signal }).catch(() => 'left');
      await pause();
      leaving.abort();
      expect(await second).toBe('left');
      await b.settle();
      origin[0]!.answer(HOUR, 'x');
      await first;
      expect(origin).toHaveLength(1);
    });

    it('do not wait with a request that only the origin can answer, nor for other callers', async () => {
      const all = [a.ask({ target })];
      await asked(1);
      all.push(b.ask({ target, fields: { 'cache-control': 'no-cache' } }));
      await asked(2);
      all.push(b.ask({ target: `${target}?2`, fields: {} }));
      await asked(3);
      all.push(a.ask({ target: `${target}?2`, fields: { authorization: 'x' } }));
      await asked(4);
      for (const each of origin) each.answer(HOUR, 'x');
      await Promise.all(all);
    });

    it('ask once for each variant, once it is known how they vary', async () => {
      const get = (process: CacheProcess, language: string) =>
        process.ask({ target, fields: { 'accept-language': language } });
      const vary = { ...HOUR, Vary: 'Accept-Language' };
      const all = [get(a, 'de')];
      await asked(1);
      all.push(get(b, 'fr'), get(a, 'fr'), get(b, 'de'));
      await pause();
      origin[0]!.answer(vary, 'de');
      await asked(2);
      await pause();
      expect(origin).toHaveLength(2);
      origin[1]!.answer(vary, 'fr');
      expect((await Promise.all(all)).map(({ body }) => body)).toEqual(['de', 'fr', 'fr', 'de']);
      await Promise.all([a.settle(), b.settle()]);
      expect(await get(b, 'de')).toMatchObject({ body: 'de', outcome: { hit: true } });
      expect(await get(a, 'fr')).toMatchObject({ body: 'fr', outcome: { hit: true } });
      expect(origin).toHaveLength(2);
    });

    it('validate behind their answers once', async () => {
      const first = a.ask({ target });
      await asked(1);
      const fields = { 'Cache-Control': 'max-age=1, stale-while-revalidate=600', Age: '1', ETag: '"1"' };
      origin[0]!.answer(fields, 'stale');
      await first;
      await stored();
      for (const process of [a, b, a, b, a, b]) {
        expect(await process.ask({ target })).toMatchObject({ body: 'stale', outcome: { hit: true } });
        await pause();
      }
      expect(origin).toHaveLength(2);
      origin[1]!.answer({ ...HOUR, ETag: '"1"' }, '', 304);
      await Promise.all([a.settle(), b.settle()]);
      expect(await b.ask({ target })).toMatchObject({ body: 'stale', outcome: { hit: true } });
      expect(origin).toHaveLength(2);
    });
  });

  describe('while one changes a resource', () => {
    it.each([
      ['an unsafe method', (b: CacheProcess) => b.ask({ target, method: 'PUT' })],
      ['a purge', (b: CacheProcess) => b.store.drop([b.keyOf(target)])],
      ['a soft purge', (b: CacheProcess) => b.store.drop([b.keyOf(target)], { markedAt: Date.now() })],
      ['a purge of its tag', (b: CacheProcess) => b.store.dropTagged([KEYS.tag(`of ${target}`)])],
      [
        'a purge of its service',
        (b: CacheProcess) => b.store.dropTagged([KEYS.serviceTag('api', b.keyOf(target))]),
      ],
    ])('the other stores nothing that it asked for before %s', async (_what, change) => {
      const tagged = { ...HOUR, 'Cache-Tag': `of ${target}` };
      const before = a.ask({ target });
      await asked(1);
      const changing = change(b);
      if (_what === 'an unsafe method') {
        await asked(2);
        origin[1]!.answer({}, '', 204);
      }
      await changing;
      origin[0]!.answer(tagged, 'old');
      expect(await before).toMatchObject({ body: 'old' });
      await a.settle();
      const count = origin.length;
      const after = [a.ask({ target }), b.ask({ target })];
      await asked(count + 1);
      origin[count]!.answer(tagged, 'new');
      expect((await Promise.all(after)).map(({ body }) => body)).toEqual(['new', 'new']);
    });

    it('what is stored is found by tags of origin and service, and by the target that it answers for', async () => {
      const variants = ['de', 'fr'];
      for (const [i, language] of variants.entries()) {
        const asking = a.ask({ target, fields: { 'accept-language': language }, tags: [KEYS.tag('ours')] });
        await asked(i + 1);
        const fields = { ...HOUR, Vary: 'Accept-Language', 'Surrogate-Key': `theirs ${target}` };
        origin[i]!.answer(fields, language);
        await asking;
        await stored();
      }
      const base = a.keyOf(target);
      for (const tag of [KEYS.tag('ours'), KEYS.tag('theirs'), KEYS.serviceTag('api', base)]) {
        expect((await b.store.members(tag, null)).bases).toContain(base);
      }
      expect(await b.store.dropTagged([KEYS.tag('ours'), KEYS.tag(target)])).toBe(1);
      const found = await a.store.get([base, KEYS.variant(base, 'g', 'v')]);
      expect(found).toEqual([null, null]);
    });

    it('what is keyed by content goes with its target', async () => {
      const keyed = { target, method: 'QUERY', key: `${KEYS.response('api', `QUERY ${target} x`)}` };
      const facts = { method: 'QUERY', field: () => undefined, contentKeyed: true };
      const asking = a.ask({ ...keyed, facts, targetKey: a.keyOf(target), hasSeveralKeys: true });
      await asked(1);
      origin[0]!.answer(HOUR, 'result');
      await asking;
      await stored();
      expect(await a.store.get([keyed.key])).not.toEqual([null]);
      const put = b.ask({ target, method: 'PUT', hasSeveralKeys: true });
      await asked(2);
      origin[1]!.answer({}, '', 204);
      await put;
      await expect.poll(() => a.store.get([keyed.key]), PATIENT).toEqual([null]);
    });

    it('what is marked is validated, may be sent meanwhile where stale responses may, and is fresh after a 304', async () => {
      const fields = { 'Cache-Control': 'max-age=3600, stale-while-revalidate=600', ETag: '"1"' };
      const first = a.ask({ target });
      await asked(1);
      origin[0]!.answer(fields, 'kept');
      await first;
      await stored();
      expect((await b.ask({ target })).outcome).toMatchObject({ hit: true });
      // A clock that is ahead of ours.
      await a.store.drop([a.keyOf(target)], { markedAt: Date.now() + 30_000 });
      await expect.poll(async () => (await b.ask({ target })).outcome.ttl, PATIENT).toBeLessThanOrEqual(0);
      await asked(2);
      expect(origin[1]!.conditions).toEqual(['If-None-Match', '"1"']);
      const only = await a.ask({ target, fields: { 'cache-control': 'only-if-cached, max-stale=5' } });
      expect(only).toMatchObject({ status: 200, body: 'kept' });
      origin[1]!.answer(fields, '', 304);
      await Promise.all([a.settle(), b.settle()]);
      await expect.poll(async () => (await b.ask({ target })).outcome.ttl, PATIENT).toBeGreaterThan(3_000);
      expect(origin).toHaveLength(2);
    });
  });

  describe('large bodies', () => {
    const body = randomBytes(LARGE);
    const whole = body.toString('latin1');
    const etag = { ETag: '"large"' };

    async function store(fields: Record<string, string> = { ...HOUR, ...etag }, bytes = body): Promise<void> {
      const count = origin.length;
      const asking = a.ask({ target });
      await asked(count + 1);
      origin[count]!.answer(fields, bytes);
      await asking;
      await stored();
    }

    it('come back whole, or in part, or not at all where none is asked for', async () => {
      await store();
      expect((await b.ask({ target })).body === whole).toBe(true);
      const part = await b.ask({ target, fields: { range: 'bytes=300000-300009' } });
      expect(part).toMatchObject({ status: 206, body: whole.slice(300_000, 300_010) });
      expect(await b.ask({ target, method: 'HEAD' })).toMatchObject({ status: 200 });
      const known = await b.ask({ target, fields: { 'if-none-match': '"large"' } });
      expect(known).toMatchObject({ status: 304, body: '' });
      expect(origin).toHaveLength(1);
    });

    it('are not written anew by a 304', async () => {
      await store({ 'Cache-Control': 'max-age=0', ...etag });
      const asking = b.ask({ target });
      await asked(2);
      origin[1]!.answer({ ...HOUR, ...etag }, '', 304);
      expect((await asking).body === whole).toBe(true);
      await b.settle();
      expect((await a.ask({ target })).body === whole).toBe(true);
      expect(origin).toHaveLength(2);
    });

    it('never mix with another', async () => {
      await store({ 'Cache-Control': 'max-age=0', ...etag });
      const other = randomBytes(LARGE);
      await store({ ...HOUR, ETag: '"other"' }, other);
      expect((await b.ask({ target })).body === other.toString('latin1')).toBe(true);
    });

    it('are not shared with who waits when they are too long to be stored', async () => {
      const endless = new Readable({ read() {} });
      const first = a.ask({ target, maxBodyBytes: 1_000 });
      await asked(1);
      const second = b.ask({ target, maxBodyBytes: 1_000 });
      await pause();
      origin[0]!.answer(HOUR, endless);
      endless.push(Buffer.alloc(2_000));
      await asked(2);
      origin[1]!.answer(HOUR, 'short');
      expect(await second).toMatchObject({ body: 'short' });
      endless.push(null);
      await first;
    });
  });
});
