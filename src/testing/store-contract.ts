import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { MAX_VALUE_BYTES, type RateRule, type Store, type TakeResult } from '../store/store.ts';

/** How the contract gets at a backend. */
export interface StoreHarness {
  /** Opens a store. It need not be empty: every case has keys of its own, and deletes them. */
  create(): Store | Promise<Store>;
  /** Lets `ms` milliseconds pass for the store, or a little more. */
  advance(ms: number): void | Promise<void>;
}

export interface ContractCase {
  readonly name: string;
  run(harness: StoreHarness): Promise<void>;
}

interface Context {
  readonly store: Store;
  advance(ms: number): void | Promise<void>;
  /** A key of this case's own. */
  key(name: string): string;
}

const MINUTE = 60_000;

/**
 * What every store must do, as cases that any test runner can loop over. They can run side by side.
 *
 *     for (const { name, run } of storeContract) it(name, () => run({ create, advance }));
 */
export const storeContract: readonly ContractCase[] = [
  contractCase('answers null for a key that is not there', async ({ store, key }) => {
    assert.deepEqual(await store.get([key('absent')]), [null]);
  }),

  contractCase('answers nothing when asked for nothing', async ({ store }) => {
    assert.deepEqual(await store.get([]), []);
    assert.equal(await store.delete([]), 0);
  }),

  contractCase('keeps a value, and says how long it still will', async ({ store, key }) => {
    assert.equal(await store.set(key('a'), Buffer.from('one'), MINUTE), true);
    const [value] = await store.get([key('a')]);
    assert.equal(value?.bytes.toString(), 'one');
    assert.ok(value.expiresInMs > 0 && value.expiresInMs <= MINUTE, `expiresInMs ${value.expiresInMs}`);
  }),

  contractCase(
    'answers in the order of the keys, the same key twice if asked twice',
    async ({ store, key }) => {
      await store.set(key('a'), Buffer.from('A'), MINUTE);
      await store.set(key('b'), Buffer.from('B'), MINUTE);
      const values = await store.get([key('b'), key('absent'), key('a'), key('b')]);
      assert.deepEqual(
        values.map((value) => value?.bytes.toString()),
        ['B', undefined, 'A', 'B'],
      );
    },
  ),

  contractCase('forgets a value when its time is over', async ({ store, key, advance }) => {
    await store.set(key('brief'), Buffer.from('x'), 50);
    await advance(51);
    assert.deepEqual(await store.get([key('brief')]), [null]);
    assert.equal(await store.delete([key('brief')]), 0);
  }),

  contractCase('does not lengthen the time of a value that is read', async ({ store, key, advance }) => {
    await store.set(key('a'), Buffer.from('x'), MINUTE);
    await advance(20);
    await store.get([key('a')]);
    const [value] = await store.get([key('a')]);
    assert.ok(value !== null && value !== undefined && value.expiresInMs <= MINUTE - 20);
  }),

  contractCase('replaces a value and its time', async ({ store, key, advance }) => {
    await store.set(key('a'), Buffer.from('old'), 50);
    assert.equal(await store.set(key('a'), Buffer.from('new'), MINUTE), true);
    await advance(51);
    const [value] = await store.get([key('a')]);
    assert.equal(value?.bytes.toString(), 'new');
  }),

  contractCase('with onlyIfAbsent, leaves what is there', async ({ store, key }) => {
    assert.equal(await store.set(key('a'), Buffer.from('first'), MINUTE, { onlyIfAbsent: true }), true);
    assert.equal(await store.set(key('a'), Buffer.from('second'), MINUTE, { onlyIfAbsent: true }), false);
    const [value] = await store.get([key('a')]);
    assert.equal(value?.bytes.toString(), 'first');
  }),

  contractCase('with onlyIfAbsent, writes where the time is over', async ({ store, key, advance }) => {
    await store.set(key('a'), Buffer.from('first'), 50);
    await advance(51);
    assert.equal(await store.set(key('a'), Buffer.from('second'), MINUTE, { onlyIfAbsent: true }), true);
  }),

  contractCase('with onlyIfAbsent, lets one of many at once write', async ({ store, key }) => {
    const writers = Array.from({ length: 20 }, async (_, i) =>
      store.set(key('a'), Buffer.from([i]), MINUTE, { onlyIfAbsent: true }),
    );
    assert.equal((await Promise.all(writers)).filter((written) => written).length, 1);
  }),

  contractCase('deletes, and counts what was there', async ({ store, key }) => {
    await store.set(key('a'), Buffer.from('A'), MINUTE);
    await store.set(key('b'), Buffer.from('B'), MINUTE);
    assert.equal(await store.delete([key('a'), key('absent'), key('b')]), 2);
    assert.deepEqual(await store.get([key('a'), key('b')]), [null, null]);
  }),

  contractCase('keeps every byte', async ({ store, key }) => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    await store.set(key('a'), bytes, MINUTE);
    const [value] = await store.get([key('a')]);
    assert.ok(value?.bytes.equals(bytes));
  }),

  contractCase('keeps an empty value', async ({ store, key }) => {
    await store.set(key('a'), Buffer.alloc(0), MINUTE);
    const [value] = await store.get([key('a')]);
    assert.equal(value?.bytes.length, 0);
  }),

  contractCase('keeps keys of any characters apart', async ({ store, key }) => {
    const names = ['é', 'e\u0301', 'a b', 'a\r\nb', '{a}b', '日本', '', '*'];
    for (const name of names) await store.set(key(name), Buffer.from(`<${name}>`), MINUTE);
    const values = await store.get(names.map(key));
    assert.deepEqual(
      values.map((value) => value?.bytes.toString()),
      names.map((name) => `<${name}>`),
    );
  }),

  contractCase('is not changed by what the caller does to its buffer later', async ({ store, key }) => {
    const bytes = Buffer.from('before');
    await store.set(key('a'), bytes, MINUTE);
    bytes.write('after!');
    const [value] = await store.get([key('a')]);
    assert.equal(value?.bytes.toString(), 'before');
  }),

  contractCase('keeps a value of a mebibyte', async ({ store, key }) => {
    const bytes = randomBytes(1024 * 1024);
    await store.set(key('a'), bytes, MINUTE);
    const [value] = await store.get([key('a')]);
    assert.ok(value?.bytes.equals(bytes));
  }),

  contractCase('refuses a value over the bound, and keeps the one before', async ({ store, key }) => {
    await store.set(key('a'), Buffer.from('small'), MINUTE);
    const tooLarge = Buffer.alloc(MAX_VALUE_BYTES + 1);
    await assertRejects(() => store.set(key('a'), tooLarge, MINUTE), 'ERR_STORE_VALUE_TOO_LARGE');
    const [value] = await store.get([key('a')]);
    assert.equal(value?.bytes.toString(), 'small');
  }),

  contractCase('answers many reads at once, each its own', async ({ store, key }) => {
    const names = Array.from({ length: 1200 }, (_, i) => `many-${i}`);
    await Promise.all(names.map((name) => store.set(key(name), Buffer.from(name), MINUTE)));
    const apart = await Promise.all(names.map((name) => store.get([key(name)])));
    assert.deepEqual(
      apart.map(([value]) => value?.bytes.toString()),
      names,
    );
    const together = await store.get(names.map(key));
    assert.deepEqual(
      together.map((value) => value?.bytes.toString()),
      names,
    );
  }),

  contractCase('lets in as many as the limit, and says how many are left', async ({ store, key }) => {
    const rules = [{ limit: 3, windowMs: MINUTE }];
    for (const remaining of [2, 1, 0]) {
      const taken = await store.take(key('r'), rules);
      assert.equal(taken.allowed, true);
      assert.equal(taken.retryAfterMs, 0);
      assert.equal(taken.rules[0]?.remaining, remaining);
      assertWithin(taken.rules[0]?.resetAfterMs, 1, MINUTE);
    }
    const refused = await store.take(key('r'), rules);
    assert.equal(refused.allowed, false);
    assert.equal(refused.rules[0]?.remaining, 0);
    assertWithin(refused.retryAfterMs, 1, MINUTE);
  }),

  contractCase('lets in exactly the limit of many at once', async ({ store, key }) => {
    const rules = [{ limit: 10, windowMs: MINUTE }];
    const taken = await Promise.all(Array.from({ length: 50 }, async () => store.take(key('r'), rules)));
    assert.equal(allowedOf(taken), 10);
    const remaining = taken.filter(({ allowed }) => allowed).map((result) => result.rules[0]?.remaining);
    assert.deepEqual(
      remaining.sort((a, b) => b! - a!),
      [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
    );
  }),

  contractCase('lets in exactly a large limit of many at once', async ({ store, key }) => {
    const rules = [{ limit: 700, windowMs: MINUTE }];
    const taken = await Promise.all(Array.from({ length: 1000 }, async () => store.take(key('r'), rules)));
    assert.equal(allowedOf(taken), 700);
  }),

  contractCase('slides: what was let in longest ago is free first', async ({ store, key, advance }) => {
    const rules = [{ limit: 2, windowMs: 3000 }];
    await store.take(key('r'), rules);
    await advance(1500);
    await store.take(key('r'), rules);
    const refused = await store.take(key('r'), rules);
    assert.equal(refused.allowed, false);
    assertWithin(refused.retryAfterMs, 1, 1500);
    await advance(refused.retryAfterMs);
    assert.equal((await store.take(key('r'), rules)).allowed, true);
    assert.equal((await store.take(key('r'), rules)).allowed, false);
  }),

  contractCase('does not count a refused request', async ({ store, key, advance }) => {
    const rules = [{ limit: 1, windowMs: 400 }];
    await store.take(key('r'), rules);
    await advance(200);
    const refused = await store.take(key('r'), rules);
    await advance(refused.retryAfterMs);
    assert.equal((await store.take(key('r'), rules)).allowed, true);
  }),

  contractCase('is all free again after the reset', async ({ store, key, advance }) => {
    const rules = [{ limit: 40, windowMs: 320 }];
    const taken = await Promise.all(Array.from({ length: 40 }, async () => store.take(key('r'), rules)));
    await advance(Math.max(...taken.map((result) => result.rules[0]!.resetAfterMs)));
    assert.equal((await store.take(key('r'), rules)).rules[0]?.remaining, 39);
  }),

  contractCase('counts each key apart', async ({ store, key }) => {
    const rules = [{ limit: 1, windowMs: MINUTE }];
    assert.equal((await store.take(key('r1'), rules)).allowed, true);
    assert.equal((await store.take(key('r2'), rules)).allowed, true);
    assert.equal((await store.take(key('r1'), rules)).allowed, false);
  }),

  contractCase('counts against all rules or none', async ({ store, key }) => {
    const rules = [
      { limit: 5, windowMs: MINUTE },
      { limit: 2, windowMs: 2 * MINUTE },
    ];
    assert.deepEqual(remainingOf(await store.take(key('r'), rules)), [4, 1]);
    assert.deepEqual(remainingOf(await store.take(key('r'), rules)), [3, 0]);
    const refused = await store.take(key('r'), rules);
    assert.equal(refused.allowed, false);
    assert.deepEqual(remainingOf(refused), [3, 0]);
    assertWithin(refused.retryAfterMs, MINUTE, 2 * MINUTE);
  }),

  contractCase('goes by the new rules when the rules of a key change', async ({ store, key }) => {
    await store.take(key('r'), [{ limit: 1, windowMs: MINUTE }]);
    const changed: RateRule[] = [{ limit: 2, windowMs: MINUTE }];
    await store.take(key('r'), changed);
    await store.take(key('r'), changed);
    assert.equal((await store.take(key('r'), changed)).allowed, false);
  }),

  contractCase('answers a ping', async ({ store }) => {
    await store.ping();
  }),

  contractCase('fails every call after it was closed, and closes twice', async ({ store, key }) => {
    await store.close();
    await store.close();
    const rules = [{ limit: 1, windowMs: MINUTE }];
    await assertRejects(() => store.get([key('a')]), 'ERR_STORE_CLOSED');
    await assertRejects(() => store.set(key('a'), Buffer.from('x'), MINUTE), 'ERR_STORE_CLOSED');
    await assertRejects(() => store.delete([key('a')]), 'ERR_STORE_CLOSED');
    await assertRejects(() => store.take(key('r'), rules), 'ERR_STORE_CLOSED');
    await assertRejects(() => store.ping(), 'ERR_STORE_CLOSED');
  }),

  contractCase('finishes what is under way when it is closed', async ({ store, key }) => {
    const answers = Promise.all([
      store.set(key('a'), Buffer.from('x'), 50),
      store.get([key('absent')]),
      store.take(key('r'), [{ limit: 1, windowMs: 50 }]),
    ]);
    await store.close();
    const [written, values, taken] = await answers;
    assert.equal(written, true);
    assert.deepEqual(values, [null]);
    assert.equal(taken.allowed, true);
  }),
];

function contractCase(name: string, check: (context: Context) => Promise<void>): ContractCase {
  return {
    name,
    async run(harness) {
      const prefix = `contract:${randomUUID()}:`;
      const keys = new Set<string>();
      const key = (suffix: string) => {
        keys.add(prefix + suffix);
        return prefix + suffix;
      };
      const store = await harness.create();
      try {
        await check({ store, key, advance: (ms) => harness.advance(ms) });
      } finally {
        await deleteUnlessClosed(store, [...keys]);
        await store.close();
      }
    },
  };
}

async function deleteUnlessClosed(store: Store, keys: readonly string[]): Promise<void> {
  try {
    await store.delete(keys);
  } catch (error) {
    assert.equal((error as { code?: unknown }).code, 'ERR_STORE_CLOSED');
  }
}

async function assertRejects(call: () => unknown, code: string): Promise<void> {
  await assert.rejects(async () => call(), { code });
}

function assertWithin(value: number | undefined, least: number, most: number): void {
  assert.ok(value !== undefined && value >= least && value <= most, `${value} is not in ${least}..${most}`);
}

function allowedOf(taken: readonly TakeResult[]): number {
  return taken.filter(({ allowed }) => allowed).length;
}

function remainingOf(taken: TakeResult): number[] {
  return taken.rules.map(({ remaining }) => remaining);
}
