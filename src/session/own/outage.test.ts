import { expect, it } from 'vitest';
import { createOutage } from './outage.ts';

it('begins with the first failure, and may end when none came for a second', () => {
  const outage = createOutage();
  expect([outage.isOn, outage.mayEnd(0)]).toEqual([false, false]);
  expect([outage.failed(100), outage.failed(200), outage.isOn]).toEqual([true, false, true]);
  expect([outage.mayEnd(1_199), outage.mayEnd(1_200)]).toEqual([false, true]);
  outage.end();
  expect([outage.isOn, outage.mayEnd(9_999), outage.failed(10_000)]).toEqual([false, false, true]);
});
