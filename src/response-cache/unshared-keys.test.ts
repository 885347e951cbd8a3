import { expect, it } from 'vitest';
import { createUnsharedKeys, UNSHARED_MS } from './unshared-keys.ts';

const NOW = 1_700_000_000_000;

it('a key is remembered for ten seconds, or until an answer to it was shared', () => {
  const unshared = createUnsharedKeys();
  const known = (key: string, at: number) => unshared.find(key, at) !== null;
  expect([UNSHARED_MS, known('a', NOW)]).toEqual([10_000, false]);
  unshared.note('a', false, NOW);
  expect([known('a', NOW), known('b', NOW)]).toEqual([true, false]);
  expect([known('a', NOW + 9_999), known('a', NOW + 10_000)]).toEqual([true, false]);
  unshared.note('a', true, NOW + 5_000);
  expect(unshared.find('a', NOW + 14_999)).toMatchObject({ storable: true });
  unshared.forget('a');
  expect(known('a', NOW + 5_000)).toBe(false);
  unshared.note('a', true, NOW + 5_000);
  expect(known('a', NOW + 5_000)).toBe(true);
});

it('a key is remembered as long as others say, unless an answer to it was shared here since', () => {
  const unshared = createUnsharedKeys();
  unshared.noteBar('a', 300, NOW);
  expect([299, 300].map((ms) => unshared.find('a', NOW + ms) !== null)).toEqual([true, false]);
  unshared.note('a', false, NOW);
  unshared.noteBar('a', 300, NOW);
  expect(unshared.find('a', NOW + 301)).toMatchObject({ storable: false });
  unshared.forget('a');
  unshared.noteBar('a', 300, NOW + 1);
  expect(unshared.find('a', NOW + 1)).toBeNull();
  unshared.noteBar('a', 300, NOW + 10_000);
  expect(unshared.find('a', NOW + 10_000)).not.toBeNull();
});

it('keys that anybody may invent do not pile up: the oldest are forgotten', () => {
  const unshared = createUnsharedKeys();
  for (let i = 0; i < 20_000; i++) unshared.note(`${i}`, false, NOW);
  expect([unshared.find('0', NOW) !== null, unshared.find('19999', NOW) !== null]).toEqual([false, true]);
});
