import { describe, expect, it } from 'vitest';
import { createWarmRate } from './warm-rate.ts';

describe('the rate of a job', () => {
  it('is that of the last ten seconds', () => {
    let at = 0;
    const rate = createWarmRate(1_000, () => at);
    expect(rate.perSecond()).toBe(0);
    at = 500;
    rate.note(1_010);
    expect(rate.perSecond()).toBe(10);
    for (at = 1_000; at <= 20_000; at += 500) rate.note(1_000 + at / 50);
    at = 20_000;
    expect(rate.perSecond()).toBe(20);
    for (; at <= 40_000; at += 500) rate.note(1_400);
    expect(rate.perSecond()).toBe(0);
  });
});
