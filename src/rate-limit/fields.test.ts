import { describe, expect, it } from 'vitest';
import { formatRateLimit, formatRateLimitPolicy, retryAfterSeconds } from './fields.ts';

const session = { name: 'session', rule: { limit: 10, windowMs: 10_000 } } as const;
const address = { name: 'address', rule: { limit: 60, windowMs: 1_500 } } as const;
const taken = (remaining: number, resetAfterMs: number, retryAfterMs = 0) => ({
  allowed: retryAfterMs === 0,
  retryAfterMs,
  rules: [{ remaining, resetAfterMs }],
});

describe('the RateLimit fields', () => {
  it('name each limit with its quota and window in seconds', () => {
    expect(formatRateLimitPolicy([session, address])).toBe('"session";q=10;w=10, "address";q=60;w=2');
  });

  it('say what is left, and when all of it is free again, rounded up', () => {
    expect(formatRateLimit(session, taken(9, 9_001))).toBe('"session";r=9;t=10');
    expect(formatRateLimit(session, taken(10, 0))).toBe('"session";r=10;t=0');
  });

  it('never tell to come back at once', () => {
    expect(retryAfterSeconds(taken(0, 1, 1))).toBe(1);
    expect(retryAfterSeconds(taken(0, 1, 2_001))).toBe(3);
  });
});
