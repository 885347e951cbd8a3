import assert from 'node:assert/strict';
import type { RateRule, TakeResult } from '../store/store.ts';
import { type ContractCase, contractCase, MINUTE } from './contract-case.ts';

/** What every store must do with rate limits. */
export const rateContract: readonly ContractCase[] = [
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
    const rules = [{ limit: 1, windowMs: 2000 }];
    await store.take(key('r'), rules);
    await advance(500);
    const refused = await store.take(key('r'), rules);
    assert.equal(refused.allowed, false);
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

  contractCase('counts several requests at once, as many as the rules let in', async ({ store, key }) => {
    const rules = [
      { limit: 10, windowMs: MINUTE },
      { limit: 7, windowMs: 2 * MINUTE },
    ];
    const first = await store.take(key('r'), rules, 4);
    assert.equal(first.allowed, true);
    assert.equal(first.retryAfterMs, 0);
    assert.deepEqual(remainingOf(first), [6, 3]);
    const second = await store.take(key('r'), rules, 5);
    assert.equal(second.allowed, false);
    assert.deepEqual(remainingOf(second), [3, 0]);
    assertWithin(second.retryAfterMs, MINUTE, 2 * MINUTE);
  }),

  contractCase('goes by the new rules when the rules of a key change', async ({ store, key }) => {
    await store.take(key('r'), [{ limit: 1, windowMs: MINUTE }]);
    const changed: RateRule[] = [{ limit: 2, windowMs: MINUTE }];
    await store.take(key('r'), changed);
    await store.take(key('r'), changed);
    assert.equal((await store.take(key('r'), changed)).allowed, false);
  }),
];

function assertWithin(value: number | undefined, least: number, most: number): void {
  assert.ok(value !== undefined && value >= least && value <= most, `${value} is not in ${least}..${most}`);
}

function allowedOf(taken: readonly TakeResult[]): number {
  return taken.filter(({ allowed }) => allowed).length;
}

function remainingOf(taken: TakeResult): number[] {
  return taken.rules.map(({ remaining }) => remaining);
}
