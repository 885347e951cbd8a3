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

it('says at the end what was left out and not told of', () => {
  const throttle = createThrottle(createManualClock());
  expect(throttle.settle('read')).toBe(0);
  for (let i = 0; i < 12; i++) throttle.admit('read');
  expect([throttle.settle('read'), throttle.settle('read')]).toEqual([2, 0]);
});
