import type { MaybePromise, RateRule } from '../store/store.ts';
import { OriginBudgetError } from './origin-budget-error.ts';
import type { Permit } from './permits.ts';

export interface Asking {
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** For so long at most; 0: only for the store to answer. */
  readonly waitMs: number;
  /** Nobody waits for it: it comes after all who do. */
  readonly inBackground: boolean;
}

/** Those of this process who want to ask an origin that may not be asked that often. */
export interface BudgetQueue {
  /**
   * Resolves when the origin is to be asked, at once, with the milliseconds that were waited for that; 0: it was free.
   * @throws OriginBudgetError · the reason of the signal
   */
  admit(asking: Asking): Promise<number>;
}

interface Waiter {
  readonly enteredAt: number;
  readonly giveUpAt: number;
  /** Something stood in its way. */
  heldBack: boolean;
  admit(): void;
  refuse(): void;
}

const MAX_WAITING = 1_000;
const MAX_AT_ONCE = 32;
// Processes that wait for the same moment do not all ask in it.
const JITTER_MS = 5;

/**
 * First come, first served, by one poller: it asks for as many requests at once as the last answer has left, and after a
 * refusal not before that is over. Whoever can't be let in in time is refused at once.
 */
export function createBudgetQueue(rules: readonly RateRule[], take: () => MaybePromise<Permit>): BudgetQueue {
  const waiters = new Set<Waiter>();
  const perRequestMs = Math.max(...rules.map(({ limit, windowMs }) => windowMs / limit));
  let underWay = 0;
  let atOnce = 1;
  /** In milliseconds of `performance.now()`: nothing is let in before. */
  let spentUntil = 0;
  let timer: NodeJS.Timeout | undefined;

  const spentMs = () => Math.max(0, spentUntil - performance.now());

  /** What somebody who comes now has to wait at the least: for the store's own word, and those before. */
  function leastWaitMs(): number {
    const before = waiters.size;
    return Math.max(spentMs(), ...rules.map(({ limit, windowMs }) => Math.floor(before / limit) * windowMs));
  }

  /** By then there is a request to be had, and whoever waits now does not any more. */
  function refusal(waitMs: number): OriginBudgetError {
    return new OriginBudgetError(spentMs() + Math.min(waitMs, waiters.size * perRequestMs));
  }

  function poll(): void {
    timer = undefined;
    const leftMs = spentMs();
    if (leftMs > 0) pollAfter(leftMs);
    while (timer === undefined && underWay < Math.min(waiters.size, atOnce)) ask();
  }

  function pollUnlessHeld(): void {
    if (timer === undefined) poll();
  }

  function pollAfter(ms: number): void {
    timer ??= setTimeout(poll, Math.ceil(ms) + Math.random() * JITTER_MS).unref();
  }

  /** Owns the answer, which never fails. */
  function ask(): void {
    underWay += 1;
    const permit = take();
    if (permit instanceof Promise) void permit.then(settle).then(pollUnlessHeld);
    else settle(permit);
  }

  function settle(permit: Permit): void {
    underWay -= 1;
    atOnce = 1;
    switch (permit.kind) {
      case 'granted': {
        atOnce = Math.min(Math.max(permit.more, 1), MAX_AT_ONCE);
        const [first] = waiters;
        first?.admit();
        return;
      }
      case 'late':
        return;
      case 'spent':
        spentUntil = performance.now() + permit.retryAfterMs;
        holdBack();
    }
  }

  function holdBack(): void {
    for (const waiter of [...waiters]) {
      waiter.heldBack = true;
      if (waiter.giveUpAt <= spentUntil) waiter.refuse();
    }
    if (waiters.size > 0) pollAfter(spentMs());
  }

  function enter({ signal, waitMs }: Asking): Promise<number> {
    return new Promise((resolve, reject) => {
      const enteredAt = performance.now();
      const leave = () => {
        waiters.delete(waiter);
        clearTimeout(deadline);
        signal.removeEventListener('abort', abort);
      };
      const abort = () => {
        leave();
        reject(signal.reason as Error);
      };
      const waiter: Waiter = {
        enteredAt,
        giveUpAt: enteredAt + waitMs,
        heldBack: spentMs() > 0,
        admit() {
          leave();
          resolve(waiter.heldBack ? performance.now() - enteredAt : 0);
        },
        refuse() {
          leave();
          reject(refusal(waitMs));
        },
      };
      // The store has a deadline of its own.
      const deadline = waitMs === 0 ? undefined : setTimeout(waiter.refuse, waitMs);
      signal.addEventListener('abort', abort);
      waiters.add(waiter);
      pollUnlessHeld();
    });
  }

  return {
    async admit(asking) {
      const { signal, waitMs, inBackground } = asking;
      signal.throwIfAborted();
      const isFull = waiters.size >= MAX_WAITING || (inBackground && waiters.size > 0);
      if (isFull || leastWaitMs() > waitMs) throw refusal(waitMs);
      return enter(asking);
    },
  };
}
