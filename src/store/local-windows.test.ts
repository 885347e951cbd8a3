import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLocalWindows } from './local-windows.ts';
import { createSlidingWindow, type SlidingWindow, takeFrom } from './sliding-window.ts';

const RULES = [{ limit: 2, windowMs: 100 }];

describe('createLocalWindows', () => {
  it('counts each key as if it were alone, while there are few', () => {
    const requests = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.nat(60)), { maxLength: 200 });
    fc.assert(
      fc.property(requests, (someRequests) => {
        const windows = createLocalWindows(100);
        const alone = new Map<string, SlidingWindow[]>();
        let now = 1_000_000;
        for (const [key, step] of someRequests) {
          now += step;
          if (!alone.has(key)) alone.set(key, RULES.map(createSlidingWindow));
          expect(windows.take(key, RULES, now)).toEqual(takeFrom(alone.get(key)!, now));
        }
      }),
    );
  });

  it('keeps a key that is in use, whatever number of others comes by', () => {
    const windows = createLocalWindows(10);
    windows.take('busy', RULES, 0);
    windows.take('busy', RULES, 0);
    for (let i = 0; i < 1000; i++) {
      windows.take(`other-${i}`, RULES, 1);
      expect(windows.take('busy', RULES, 1).allowed).toBe(false);
    }
  });

  it('forgets the longest idle keys over its bound', () => {
    const windows = createLocalWindows(10);
    windows.take('idle', RULES, 0);
    for (let i = 0; i < 10; i++) windows.take(`other-${i}`, RULES, 1);
    expect(windows.take('idle', RULES, 1).rules[0]?.remaining).toBe(1);
  });

  it('goes by the new rules when the rules of a key change', () => {
    const windows = createLocalWindows();
    windows.take('a', [{ limit: 1, windowMs: 100 }], 0);
    expect(windows.take('a', RULES, 1).rules[0]?.remaining).toBe(1);
    expect(windows.take('a', [...RULES, { limit: 5, windowMs: 100 }], 1).rules).toHaveLength(2);
  });

  it('forgets everything when cleared', () => {
    const windows = createLocalWindows();
    windows.take('a', RULES, 0);
    windows.clear();
    expect(windows.take('a', RULES, 0).rules[0]?.remaining).toBe(1);
  });
});
