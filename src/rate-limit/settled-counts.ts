import type { Clock } from '../clock.ts';
import type { LocalWindows } from '../store/local-windows.ts';
import { slotWidth } from '../store/sliding-window.ts';
import type { MaybePromise, RateRule, Store, TakeResult } from '../store/store.ts';
import { createRecentKeys } from './recent-keys.ts';

/** Counts in this process what the store is told of soon after. */
export interface SettledCounts {
  /** Counts one request of `key`. Fails as the store does when it has to be asked. */
  take(key: string): MaybePromise<TakeResult>;
  /** Tells the store what it has not been told yet; resolves when all has been answered. */
  settle(): Promise<void>;
}

export interface SettledCountsOptions {
  readonly rule: RateRule;
  readonly store: Store;
  /** Takes what the store could not be told. */
  readonly local: LocalWindows;
  readonly clock: Clock;
}

/** What is known of a key: the store's last word, and what was let in since. */
interface Known {
  readonly key: string;
  remaining: number;
  /** Nobody is let in before; 0: somebody may be. */
  retryAt: number;
  resetAt: number;
  /** When the store said so; 0 when it is to be asked. */
  knownAt: number;
  /** Let in here; the store has not been told. */
  untold: number;
  /** The store has been told, or asked; it has not answered. */
  underWay: number;
}

/** What is let in is told after so long at the latest. */
const SETTLE_MS = 100;
/** What is known of a key for longer may be far from the truth: what is let in is told at once. */
const OLD_MS = 1_000;
/** What is known for longer is not relied on. */
const FORGOTTEN_MS = 10_000;
/** Keys to tell of at once, at most; more are not waited for. */
const MAX_UNTOLD_KEYS = 5_000;
/** With less than such a part of the limit left, each request is asked for. */
const ASK_PART = 1 / 8;

/**
 * A request is let in at once while the store's last word leaves enough of the limit; the store is told within 100 ms.
 * It is asked for a key that is not known, and for each request once less than an eighth of the limit is left; what it
 * refuses is refused here until its `retryAfterMs` is over.
 *
 * So in any window no more than the limit is let in, and what all processes let in within the 100 ms (and a round trip)
 * before they learn that it is spent; in one process, only what is counted by so much too late.
 */
export function createSettledCounts(options: SettledCountsOptions): SettledCounts {
  const { rule, store, local, clock } = options;
  const rules = [rule];
  const reserve = Math.ceil(rule.limit * ASK_PART);
  const slotMs = slotWidth(rule);
  const keys = createRecentKeys<Known>(Math.max(rule.windowMs + slotMs, FORGOTTEN_MS));
  const underWay = new Set<Promise<unknown>>();
  let untold: Known[] = [];
  let timer: NodeJS.Timeout | undefined;

  function take(key: string): MaybePromise<TakeResult> {
    const now = clock.now();
    const known = keys.get(key, now) ?? keys.add(key, unknownKey(key), now);
    if (now < known.retryAt && isRecent(known, now)) return refused(known, now);
    const left = known.remaining - known.untold - known.underWay;
    if (left <= reserve || !isRecent(known, now)) return ask(known);
    return letIn(known, left - 1, now);
  }

  /** A clock that was set back makes nothing recent. */
  function isRecent({ knownAt, retryAt }: Known, now: number): boolean {
    const age = now - knownAt;
    return age >= 0 && age < (retryAt > 0 ? rule.windowMs + slotMs : FORGOTTEN_MS);
  }

  function letIn(known: Known, remaining: number, now: number): TakeResult {
    known.untold += 1;
    if (now - known.knownAt >= OLD_MS) tell(known);
    else if (known.untold === 1) tellSoon(known);
    return { allowed: true, retryAfterMs: 0, rules: [{ remaining, resetAfterMs: resetAfter(known, now) }] };
  }

  /** The store's slots end a whole number of their width apart; the last is that of `now`. */
  function resetAfter({ resetAt }: Known, now: number): number {
    const lastEnd = resetAt - rule.windowMs;
    const slots = Math.max(0, Math.ceil((now - lastEnd) / slotMs));
    return lastEnd + slots * slotMs + rule.windowMs - now;
  }

  function tellSoon(known: Known): void {
    untold.push(known);
    if (untold.length >= MAX_UNTOLD_KEYS) tellAll();
    else timer ??= setTimeout(tellAll, SETTLE_MS).unref();
  }

  function tellAll(): void {
    clearTimeout(timer);
    timer = undefined;
    const all = untold;
    untold = [];
    for (const known of all) tell(known);
  }

  /** Owns the answer: nobody waits for it. */
  function tell(known: Known): void {
    const count = known.untold;
    if (count === 0) return;
    known.untold = 0;
    const told = sent(known, count).finally(() => underWay.delete(told));
    underWay.add(told);
  }

  async function sent(known: Known, count: number): Promise<void> {
    try {
      await ask(known, count);
    } catch {
      // Whoever comes next finds the store away too, and is counted here.
      local.take(known.key, rules, clock.now(), count);
    }
  }

  function ask(known: Known, count = 1): MaybePromise<TakeResult> {
    // What came before is counted before.
    if (known.untold > 0) tell(known);
    known.underWay += count;
    const failed = (error: unknown) => {
      known.underWay -= count;
      known.knownAt = 0;
      known.remaining = 0;
      throw error;
    };
    const learned = (result: TakeResult) => learn(known, result, count);
    try {
      const answer = store.take(known.key, rules, count);
      return answer instanceof Promise ? answer.then(learned, failed) : learned(answer);
    } catch (error) {
      return failed(error);
    }
  }

  function learn(known: Known, result: TakeResult, count: number): TakeResult {
    const now = clock.now();
    const { remaining, resetAfterMs } = result.rules[0]!;
    known.underWay -= count;
    known.remaining = remaining;
    known.retryAt = result.retryAfterMs > 0 ? now + result.retryAfterMs : 0;
    known.resetAt = now + resetAfterMs;
    known.knownAt = now;
    return result;
  }

  return {
    take,
    async settle() {
      tellAll();
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}

function unknownKey(key: string): Known {
  return { key, remaining: 0, retryAt: 0, resetAt: 0, knownAt: 0, untold: 0, underWay: 0 };
}

function refused({ retryAt, resetAt }: Known, now: number): TakeResult {
  return {
    allowed: false,
    retryAfterMs: retryAt - now,
    rules: [{ remaining: 0, resetAfterMs: Math.max(retryAt, resetAt) - now }],
  };
}
