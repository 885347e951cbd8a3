import { expect, it } from 'vitest';
import { createUnsharedKeys } from './unshared-keys.ts';

const NOW = 1_700_000_000_000;

it('a key is remembered for ten seconds, or until an answer to it was shared', () => {
  const unshared = createUnsharedKeys();
  expect(unshared.has('a', NOW)).toBe(false);
  unshared.note('a', NOW);
  expect([unshared.has('a', NOW), unshared.has('b', NOW)]).toEqual([true, false]);
  expect([unshared.has('a', NOW + 9_999), unshared.has('a', NOW + 10_000)]).toEqual([true, false]);
  unshared.note('a', NOW + 5_000);
  expect(unshared.has('a', NOW + 14_999)).toBe(true);
  unshared.forget('a');
  expect(unshared.has('a', NOW + 5_000)).toBe(false);
});

it('keys that anybody may invent do not pile up: the oldest are forgotten', () => {
  const unshared = createUnsharedKeys();
  for (let i = 0; i < 20_000; i++) unshared.note(`${i}`, NOW);
  expect([unshared.has('0', NOW), unshared.has('19999', NOW)]).toEqual([false, true]);
});
