import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { Redis } from 'iovalkey';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createKvRestStore, type KvRestOptions } from '../../src/store/kv-rest/kv-rest-store.ts';
import type { TextCall } from '../../src/store/kv-rest/rest-command.ts';
import { createRestTakes } from '../../src/store/kv-rest/rest-takes.ts';
import { takeScript } from '../../src/store/kv-rest/take-script.ts';
import { markOf } from '../../src/store/mark.ts';
import { createSlidingWindow, takeFrom } from '../../src/store/sliding-window.ts';
import type { Store } from '../../src/store/store.ts';
import { storeContract } from '../../src/testing/store-contract.ts';
import { type KvRestFront, startKvRestFront } from '../support/kv-rest-front.ts';
import { partOfWindow, rateRules } from '../support/rate-rules.ts';
import { someValkey, startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

const MINUTE = 60_000;
const RULES = [{ limit: 10, windowMs: MINUTE }];

function open(front: KvRestFront, options: Partial<KvRestOptions> = {}): Store {
  return createKvRestStore({ url: front.url, token: front.token, ...options });
}

describe('kv-rest store: the contract', () => {
  let server: Pick<ValkeyServer, 'url' | 'stop'>;
  let front: KvRestFront;
  beforeAll(async () => {
    server = await someValkey();
    front = await startKvRestFront(server.url);
  });
  afterAll(async () => {
    await front.close();
    await server.stop();
  });

  const create = () => open(front, { maxRequestBytes: 10_000_000, nearMaxAgeMs: 50 });
  // A little more than asked for: timers may be early by the milliseconds' rounding.
  const advance = (ms: number) => sleep(ms + 5);

  // One after another: some cases need two answers within 50 ms.
  for (const { name, run } of storeContract) it(name, () => run({ create, advance }));
});

describe('kv-rest store', () => {
  let server: ValkeyServer;
  let front: KvRestFront;
  let store: Store;
  let watcher: Redis;
  beforeAll(async () => {
    server = await startValkeyServer();
    watcher = new Redis(server.url);
    front = await startKvRestFront(server.url);
    store = open(front);
  });
  afterAll(async () => {
    await store.close();
    await front.close();
    await watcher.quit();
    await server.stop();
  });
  beforeEach(() => front.reset());

  const newKey = () => `test:${randomUUID()}`;
  const newBase = () => `response:{${randomUUID()}}`;

  /** Stored responses begin with bytes that are no text. */
  const response = (size = 200) =>
    Buffer.concat([Buffer.from([3, 0x52, 0xff]), Buffer.alloc(6), Buffer.alloc(size, 'x')]);

  it('sends what a request asks for as one call of two commands', async () => {
    const [session, base] = [newKey(), newBase()];
    await store.set(session, Buffer.from('true'), MINUTE);
    await store.set(base, response(), MINUTE, { group: base });
    await store.take('warm', RULES);
    front.reset();
    const answers = [store.get([session]), store.take(newKey(), RULES), store.get([base])] as const;
    const [[verdict], taken, [entry]] = await Promise.all(answers);
    expect([verdict?.bytes.toString(), taken.allowed, entry?.bytes]).toEqual(['true', true, response()]);
    expect(front.requests).toBe(1);
    expect(front.commands).toEqual(['mget', 'evalsha']);
  });

  it('asks for no expiry of what says it itself', async () => {
    const bases = Array.from({ length: 10 }, newBase);
    for (const base of bases) await store.set(base, response(), MINUTE, { group: base });
    front.reset();
    const values = await store.get(bases);
    expect(front.commands).toEqual(['mget']);
    for (const value of values) {
      expect(value!.expiresInMs).toBeLessThanOrEqual(MINUTE);
      expect(value!.expiresInMs).toBeGreaterThan(MINUTE - 10_000);
    }
  });

  it('asks again when it finds a text where it expects none', async () => {
    const base = newBase();
    await store.set(base, Buffer.from('text'), MINUTE);
    front.reset();
    const [value] = await store.get([base]);
    expect(value!.bytes.toString()).toBe('text');
    expect(value!.expiresInMs).toBeLessThanOrEqual(MINUTE);
    expect(front.commands).toEqual(['mget', 'pttl']);
    expect(front.requests).toBe(2);
  });

  it('asks for equal keys of one turn once, and counts their takes together', async () => {
    const [value, limit] = [newKey(), newKey()];
    await store.set(value, Buffer.from('x'), MINUTE);
    await store.take(newKey(), RULES);
    front.reset();
    const reads = await Promise.all(Array.from({ length: 30 }, async () => store.get([value])));
    expect(reads.map(([found]) => found?.bytes.toString())).toEqual(Array(30).fill('x'));
    const takes = await Promise.all(Array.from({ length: 12 }, async () => store.take(limit, RULES)));
    expect(takes.map(({ rules }) => rules[0]?.remaining)).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0]);
    expect(front.commands).toEqual(['mget', 'pttl', 'evalsha']);
  });

  it('lies as readable text where it is text', async () => {
    const [text, number, bytes] = [newKey(), newKey(), newKey()];
    await store.set(text, Buffer.from('true'), MINUTE);
    await store.set(number, Buffer.from('1.50'), MINUTE);
    await store.set(bytes, Buffer.from([0, 0xff]), MINUTE);
    expect(await watcher.mget(text, number)).toEqual(['true', '1.50']);
    expect(await watcher.get(bytes)).toMatch(/^b64:\d{13}:AP8$/);
    expect(await watcher.pttl(text)).toBeGreaterThan(MINUTE - 10_000);
  });

  it('reads what others have written, also without an expiry', async () => {
    const key = newKey();
    await watcher.set(key, '{"by":"another"}');
    const [value] = await store.get([key]);
    expect(value).toEqual({ bytes: Buffer.from('{"by":"another"}'), expiresInMs: Number.MAX_SAFE_INTEGER });
  });

  it('brings back every byte', async () => {
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.string({ unit: 'binary', maxLength: 100 }).map((text) => Buffer.from(text)),
      fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value))),
      fc.oneof(fc.double(), fc.bigInt()).map((number) => Buffer.from(String(number))),
      fc.constantFrom('OK', 'null', 'b64:', '\ufeffx', '\u2028', 'AAAA').map((text) => Buffer.from(text)),
    );
    const check = async (values: readonly Buffer[]) => {
      const named = values.flatMap((bytes) => [
        { key: newKey(), bytes, options: {} },
        ...[newBase()].map((base) => ({ key: base, bytes, options: { group: base } })),
      ]);
      await Promise.all(named.map(({ key, bytes, options }) => store.set(key, bytes, MINUTE, options)));
      const found = await store.get(named.map(({ key }) => key));
      for (const [at, { bytes }] of named.entries()) expect(found[at]!.bytes.equals(bytes)).toBe(true);
    };
    const every = Array.from({ length: 256 }, (_, byte) => Buffer.from([byte]));
    await check([...every, Buffer.concat(every)]);
    await fc.assert(fc.asyncProperty(fc.array(anyBytes, { maxLength: 20 }), check), { numRuns: 15 });
  });

  it('replaces what is equal, text or bytes, and leaves it in its form', async () => {
    const [text, base] = [newKey(), newBase()];
    await store.set(text, Buffer.from('one more text'), MINUTE);
    expect(await store.replace(text, Buffer.from('other text'), Buffer.from('x'), MINUTE)).toBe(false);
    expect(await store.replace(text, Buffer.from('one more text'), Buffer.from('the next'), MINUTE)).toBe(
      true,
    );
    expect(await watcher.get(text)).toBe('the next');
    expect(await store.replace(text, Buffer.from('the next'), Buffer.from([0xff]), MINUTE)).toBe(true);
    expect(await store.replace(text, Buffer.from([0xff]), Buffer.from([0xfe]), MINUTE)).toBe(true);
    expect((await store.get([text]))[0]!.bytes).toEqual(Buffer.from([0xfe]));
    await store.set(base, Buffer.from('text of a group'), MINUTE, { group: base });
    const next = Buffer.from('next text of it');
    expect(await store.replace(base, Buffer.from('text of a group'), next, MINUTE)).toBe(true);
    expect((await store.get([base]))[0]!.bytes).toEqual(next);
    await store.drop([base], { markedAt: 1_700_000_000_000 });
    expect(markOf((await store.get([base]))[0]!.bytes)).toBe(1_700_000_000_000);
  });

  it('sends the text of a script that the service does not know, once for all that call it', async () => {
    await watcher.script('FLUSH');
    const bases = Array.from({ length: 5 }, newBase);
    const [taken] = await Promise.all([
      store.take(newKey(), RULES),
      ...bases.map((base) => store.begin(base)),
    ]);
    expect(taken.rules[0]!.remaining).toBe(9);
    expect(front.requests).toBe(2);
    expect(front.commands).toEqual(['evalsha', 'eval']);
    await store.begin(newBase());
    expect(front.requests).toBe(3);
  });

  it('sends no more in one request than the service takes', async () => {
    const strict = await startKvRestFront(server.url, { maxRequestBytes: 100_000 });
    const bounded = open(strict, { maxRequestBytes: 100_000 });
    const keys = Array.from({ length: 20 }, newBase);
    const value = response(20_000);
    await Promise.all(keys.map((key) => bounded.set(key, value, MINUTE)));
    expect(strict.requests).toBeGreaterThanOrEqual(5);
    for (const found of await bounded.get(keys)) expect(found!.bytes.equals(value)).toBe(true);
    const tooLarge = { code: 'ERR_STORE_VALUE_TOO_LARGE' };
    await expect(bounded.set(keys[0]!, response(80_000), MINUTE)).rejects.toMatchObject(tooLarge);
    await expect(bounded.set(keys[0]!, response(120_000), MINUTE)).rejects.toMatchObject(tooLarge);
    const controls = Buffer.alloc(20_000, 1);
    await expect(bounded.set(keys[0]!, controls, MINUTE)).rejects.toMatchObject(tooLarge);
    await bounded.close();
    await strict.close();
  });

  it('asks that nothing on the way keeps answers, and says nothing of where it runs', async () => {
    await store.ping();
    expect(front.lastHeaders).toMatchObject({
      authorization: `Bearer ${front.token}`,
      'cache-control': 'no-cache',
    });
    expect(Object.keys(front.lastHeaders).filter((name) => name.startsWith('upstash-telemetry'))).toEqual([]);
  });

  it('reads values and counters with a token that only reads, and says what it may not', async () => {
    const [text, base, counted] = [newKey(), newBase(), `stats:{${randomUUID()}}`];
    await store.set(text, Buffer.from('true'), MINUTE);
    await store.set(base, response(), MINUTE, { group: base });
    await store.add(counted, { source: 's', sequence: 1, increments: new Map([['hits', 2]]) }, MINUTE);
    const reader = open(front, { token: front.readOnlyToken });
    await reader.ping();
    const values = await Promise.all([reader.get([text]), reader.get([base])]);
    expect(values.flat().map((value) => value?.bytes.length)).toEqual([4, response().length]);
    expect(await reader.counters([counted, newKey()])).toEqual([new Map([['hits', 2]]), new Map()]);
    const refused = { code: 'ERR_STORE_REFUSED', message: 'Store refused: permission denied (NOPERM)' };
    await expect(reader.set(text, Buffer.from('x'), MINUTE)).rejects.toMatchObject(refused);
    await expect(reader.begin(base)).rejects.toMatchObject(refused);
    await reader.close();
  });

  it('fails the key that holds something else, and not its neighbours', async () => {
    const list = newKey();
    await watcher.rpush(list, 'x');
    const [bad, good] = await Promise.allSettled([store.take(list, RULES), store.take(newKey(), RULES)]);
    expect(bad).toMatchObject({ reason: { code: 'ERR_STORE_REFUSED' } });
    expect(good).toMatchObject({ value: { allowed: true } });
  });

  it('tells of its own changes, when it drops from the call on', async () => {
    const told: string[] = [];
    const leave = store.listen({
      changed: (key) => told.push(`changed ${key}`),
      dropped: (base) => told.push(`dropped ${base}`),
    });
    const base = newBase();
    await store.set(`${base}:v`, response(), MINUTE, { group: base });
    expect(told).toEqual([`changed ${base}:v`]);
    const dropped = store.drop([base]);
    expect(told).toContain(`dropped ${base}`);
    told.length = 0;
    await dropped;
    expect(told).toEqual([`changed ${base}:v`, `changed ${base}`, `dropped ${base}`]);
    leave();
    await store.drop([base]);
    expect(told).toHaveLength(3);
  });

  it('confirms when no process keeps copies of before any more', async () => {
    const other = open(front, { nearMaxAgeMs: 60 });
    const before = performance.now();
    await other.confirmed();
    expect(performance.now() - before).toBeGreaterThanOrEqual(58);
    expect(other.coherentUntil('a')).toBeNull();
    const waiting = open(front, { nearMaxAgeMs: MINUTE });
    const confirmed = waiting.confirmed();
    await waiting.close();
    await confirmed;
    await other.close();
  });

  it('counts as sliding-window.ts does', async () => {
    let now = 1_700_000_000_000;
    const clock =
      "local now = tonumber(ARGV[#ARGV])\nlocal function whole(n) return string.format('%.0f', n) end";
    const run = ({ keys, args }: TextCall) =>
      watcher.eval(takeScript(clock).source, keys.length, ...keys, ...args, now);
    const takes = createRestTakes({ atEndOfTurn: (contribute) => void setImmediate(contribute) }, { run });
    await fc.assert(
      fc.asyncProperty(rateRules, turns, async (someRules, someTurns) => {
        const key = newKey();
        const windows = someRules.map(createSlidingWindow);
        const longest = Math.max(...someRules.map(({ windowMs }) => windowMs));
        for (const { part, counts } of someTurns) {
          now += Math.round(part * longest);
          const answers = counts.map((count) => takes.take(key, someRules, count));
          const expected = counts.map((count) => takeFrom(windows, now, count));
          expect(await Promise.all(answers)).toEqual(expected);
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** How far time goes, as a part of the longest window, and what is asked for at that time. */
const turns = fc.array(
  fc.record({
    part: partOfWindow,
    counts: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 }),
  }),
  { minLength: 1, maxLength: 30 },
);
