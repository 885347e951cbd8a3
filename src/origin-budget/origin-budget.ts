import { hasCode } from '../errors.ts';
import type { RequestObserver } from '../observe/observer.ts';
import type { RateRule } from '../store/store.ts';
import type { BudgetQueue } from './budget-queue.ts';
import { toleranceMsOf } from './lateness.ts';

/** How often a service's origin may be asked, by all processes together. */
export interface OriginBudget {
  /**
   * Resolves when one request may be sent, and is to be sent at once; with the milliseconds that it was held back.
   * @throws OriginBudgetError (`ERR_ORIGIN_BUDGET`) · the reason of the signal
   */
  admit(candidate: Candidate): Promise<number>;
  /** What is sent so long after it was let in is no more covered by that, and has to be let in again. */
  readonly toleranceMs: number;
}

/** A request that is to be sent to an origin. */
export interface Candidate {
  /** Ends the waiting. */
  readonly signal: AbortSignal;
  /** Nobody waits for the answer: it has what nobody else wants just now, or is refused. */
  readonly inBackground?: boolean | undefined;
  /** So long it has waited already, for another process that was to ask the same; it waits so much less here. */
  readonly waitedMs?: number | undefined;
  /** It was let in, and its connection was there too late for that: it waits for the next window in any case. */
  readonly wasLate?: boolean | undefined;
}

export interface OriginBudgetOptions {
  readonly service: string;
  /** Of all services that share the budget. */
  readonly queue: BudgetQueue;
  readonly rules: readonly RateRule[];
  /** For so long at most a request waits. */
  readonly waitMs: number;
  readonly observer: RequestObserver;
}

// Else who has no time to wait would never come over a new connection to where one request is let in at a time.
const LONGEST_SECOND_WAIT_MS = 10_000;

export function createOriginBudget(options: OriginBudgetOptions): OriginBudget {
  const { service, queue, rules, waitMs, observer } = options;
  const againMs = Math.min(LONGEST_SECOND_WAIT_MS, ...rules.map(({ windowMs }) => windowMs * 1.1));
  return {
    toleranceMs: toleranceMsOf(rules),
    async admit({ signal, inBackground = false, waitedMs = 0, wasLate = false }) {
      const startedAt = performance.now();
      const leftMs = inBackground ? 0 : Math.max(wasLate ? againMs : 0, waitMs - waitedMs);
      try {
        const heldMs = await queue.admit({ signal, waitMs: leftMs, inBackground });
        if (heldMs > 0) observer.originHeldBack?.(service, true, heldMs);
        return heldMs;
      } catch (error) {
        // What nobody waits for has done without it, and that is no sign of a budget that is too small.
        const isRefused = !inBackground && hasCode(error, 'ERR_ORIGIN_BUDGET');
        if (isRefused) observer.originHeldBack?.(service, false, performance.now() - startedAt);
        throw error;
      }
    },
  };
}
