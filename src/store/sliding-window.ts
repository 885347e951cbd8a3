import type { RateRule, RuleState, TakeResult } from './store.ts';

/** Up to this limit each request has a millisecond of its own; above it, the window has about this many slots. */
const FINE_SLOTS = 32;

/**
 * The requests that one rule has let in during the window that ends now, as a log of slots, oldest first.
 *
 * A slot holds the requests of `slotMs` milliseconds and counts as its last one, so that what is forgotten is
 * always at least `windowMs` old: never are more than `limit` let in within any `windowMs`, and with coarse slots
 * a request may count up to `slotMs - 1` too long. A request at `t` and one at `t + windowMs` share no window.
 */
export interface SlidingWindow {
  readonly limit: number;
  readonly windowMs: number;
  readonly slotMs: number;
  /** Ring of the slots' last milliseconds, `size` of them from `head`; `counts` lies alongside. */
  readonly ends: number[];
  readonly counts: number[];
  readonly capacity: number;
  head: number;
  size: number;
  /** The sum of the counts in the ring; never over `limit`. */
  total: number;
}

/** The width of a slot: 1 ms for a limit up to 32, else a 32nd of the window, rounded up. */
export function slotWidth(rule: RateRule): number {
  return rule.limit <= FINE_SLOTS ? 1 : Math.ceil(rule.windowMs / FINE_SLOTS);
}

export function createSlidingWindow(rule: RateRule): SlidingWindow {
  return {
    limit: rule.limit,
    windowMs: rule.windowMs,
    slotMs: slotWidth(rule),
    ends: [],
    counts: [],
    capacity: Math.min(rule.limit, FINE_SLOTS + 2),
    head: 0,
    size: 0,
    total: 0,
  };
}

/** Counts `asked` requests at `now` in every window: as many of them as all windows have room for. */
export function takeFrom(windows: readonly SlidingWindow[], now: number, asked = 1): TakeResult {
  let room = asked;
  for (const window of windows) {
    forget(window, now);
    room = Math.min(room, window.limit - window.total);
  }
  let retryAfterMs = 0;
  const rules: RuleState[] = [];
  for (const window of windows) {
    if (room > 0) count(window, now, room);
    if (room < asked && window.total >= window.limit) {
      retryAfterMs = Math.max(retryAfterMs, oldestLeavesAt(window) - now);
    }
    rules.push(stateOf(window, now));
  }
  return { allowed: room === asked, retryAfterMs, rules };
}

/** Drops what has left the window; and all of it when the clock was set back by more than the window. */
function forget(window: SlidingWindow, now: number): void {
  if (window.size > 0 && newestEnd(window) - now >= window.windowMs + window.slotMs) {
    window.head = (window.head + window.size) % window.capacity;
    window.size = 0;
    window.total = 0;
  }
  while (window.size > 0 && oldestLeavesAt(window) <= now) {
    window.total -= window.counts[window.head]!;
    window.head = (window.head + 1) % window.capacity;
    window.size -= 1;
  }
}

function count(window: SlidingWindow, now: number, requests: number): void {
  const { slotMs, ends, counts, capacity } = window;
  const end = Math.floor(now / slotMs) * slotMs + slotMs - 1;
  // A clock that was set back a little goes on in the newest slot, so that the log stays in order.
  if (window.size > 0 && newestEnd(window) >= end) {
    counts[(window.head + window.size - 1) % capacity]! += requests;
  } else {
    const index = (window.head + window.size) % capacity;
    ends[index] = end;
    counts[index] = requests;
    window.size += 1;
  }
  window.total += requests;
}

function stateOf(window: SlidingWindow, now: number): RuleState {
  return {
    remaining: window.limit - window.total,
    resetAfterMs: window.size === 0 ? 0 : newestEnd(window) + window.windowMs - now,
  };
}

function oldestLeavesAt(window: SlidingWindow): number {
  return window.ends[window.head]! + window.windowMs;
}

function newestEnd(window: SlidingWindow): number {
  return window.ends[(window.head + window.size - 1) % window.capacity]!;
}
