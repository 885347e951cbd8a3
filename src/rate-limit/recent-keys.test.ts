import { expect, it } from 'vitest';
import { createRecentKeys } from './recent-keys.ts';

it('recent keys stay while they are asked for', () => {
  const keys = createRecentKeys<number>(1_000);
  keys.add('used', 1, 0);
  keys.add('idle', 2, 0);
  for (let now = 500; now <= 5_000; now += 500) expect(keys.get('used', now)).toBe(1);
  keys.add('new', 3, 6_000);
  keys.add('newer', 4, 8_000);
  expect(keys.get('idle', 8_000)).toBeUndefined();
});

it('recent keys are so many at most', () => {
  const keys = createRecentKeys<number>(1_000, 10);
  for (let i = 0; i < 100; i += 1) keys.add(`k${i}`, i, 1);
  const known = Array.from({ length: 100 }, (_, i) => keys.get(`k${i}`, 1)).filter((i) => i !== undefined);
  expect(known.length).toBeLessThanOrEqual(10);
  expect(known).toContain(99);
});
