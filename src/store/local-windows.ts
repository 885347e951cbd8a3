import { createSlidingWindow, type SlidingWindow, takeFrom } from './sliding-window.ts';
import type { RateRule, TakeResult } from './store.ts';

/** Sliding windows of many keys in this process's memory. */
export interface LocalWindows {
  /** Counts `count` requests of `key` (1 by default) against every rule: as many of them as no rule forbids. */
  take(key: string, rules: readonly RateRule[], now: number, count?: number): TakeResult;
  /** Forgets every key. */
  clear(): void;
}

/**
 * Keeps the windows of at most `maxKeys` keys in two generations: a key in use moves to the recent one; when that
 * is half of `maxKeys`, or older than the longest window, the older generation is dropped whole. So a key costs
 * two look-ups at most, and what has expired goes without a timer. Over `maxKeys`, the longest idle go first.
 */
export function createLocalWindows(maxKeys = 100_000): LocalWindows {
  let recent = new Map<string, readonly SlidingWindow[]>();
  let older = new Map<string, readonly SlidingWindow[]>();
  let startedAt = 0;
  let longestMs = 0;

  function turn(now: number): void {
    older = recent;
    recent = new Map();
    startedAt = now;
  }

  function windowsOf(key: string, rules: readonly RateRule[], now: number): readonly SlidingWindow[] {
    const known = recent.get(key);
    if (known !== undefined && haveRules(known, rules)) return known;
    if (recent.size >= maxKeys / 2 || now - startedAt >= longestMs) turn(now);
    const idle = older.get(key);
    const windows =
      idle !== undefined && haveRules(idle, rules) ? idle : rules.map((rule) => createSlidingWindow(rule));
    for (const { windowMs, slotMs } of windows) longestMs = Math.max(longestMs, windowMs + slotMs);
    recent.set(key, windows);
    return windows;
  }

  return {
    take: (key, rules, now, count) => takeFrom(windowsOf(key, rules, now), now, count),
    clear: () => {
      recent.clear();
      older.clear();
    },
  };
}

function haveRules(windows: readonly SlidingWindow[], rules: readonly RateRule[]): boolean {
  if (windows.length !== rules.length) return false;
  for (let i = 0; i < rules.length; i++) {
    const window = windows[i]!;
    const rule = rules[i]!;
    if (window.limit !== rule.limit || window.windowMs !== rule.windowMs) return false;
  }
  return true;
}
