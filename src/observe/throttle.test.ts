import { expect, it } from 'vitest';
import { createManualClock } from '../testing/manual-clock.ts';
import { createThrottle } from './throttle.ts';

it('lets ten lines of a kind through in a second, and counts the rest', () => {
  const clock = createManualClock();
  const throttle = createThrottle(clock);
  const admitted = Array.from({ length: 25 }, () => throttle.admit('read'));
  expect(admitted).toEqual([...Array(10).fill(0), ...Array(15).fill(null)]);
  expect(throttle.admit('write')).toBe(0);
  clock.advance(1_000);
  expect(throttle.admit('read')).toBe(15);
  expect(throttle.admit('read')).toBe(0);
});
