import type { Clock } from '../clock.ts';
import type { LocalWindows } from '../store/local-windows.ts';
import { slotWidth } from '../store/sliding-window.ts';
import type { MaybePromise, RateRule, Store, TakeResult } from '../store/store.ts';
import { createLateness, toleranceMsOf } from './lateness.ts';

/** What became of asking for one request to an origin. */
export type Permit =
  /** It is to be sent now; `more`: so many more would be let in, as far as is known. */
  | { readonly kind: 'granted'; readonly more: number }
  /** It was let in too long ago to be sent now. */
  | { readonly kind: 'late' }
  | { readonly kind: 'spent'; readonly retryAfterMs: number };

export interface PermitsOptions {
  /** The store's key of the budget. */
  readonly key: string;
  readonly rules: readonly RateRule[];
  /** `null`: this process counts alone. */
  readonly store: Store | null;
  /** Counts while the store is away: the whole budget for this process. */
  readonly local: LocalWindows;
  readonly clock: Clock;
}

const LATE: Permit = { kind: 'late' };

/** Asks for one request at a time. Never fails: while the store is away this process counts alone. */
export function createPermits(options: PermitsOptions): () => MaybePromise<Permit> {
  const { key, rules, store, local, clock } = options;
  const toleranceMs = toleranceMsOf(rules);
  const lateness = createLateness(toleranceMs);
  const longestMs = Math.max(...rules.map(({ windowMs }) => windowMs));
  // Two clocks that agree may still begin their slots at different times.
  const forgottenMs = toleranceMs + Math.max(...rules.map(slotWidth));
  /** Until then what was counted here alone may be more than the store knows of. */
  let aloneUntil = 0;

  const takeHere = () => local.take(key, rules, clock.now());

  function alone(): Permit {
    aloneUntil = clock.now() + longestMs;
    return permitOf(takeHere());
  }

  function judged(taken: TakeResult, tookMs: number): Permit {
    const isLate = lateness.isLate(tookMs);
    if (!taken.allowed) return permitOf(taken);
    if (isLate) return LATE;
    // Counted here too, for the moment at which the store goes, and for some time after it has come back; and since a
    // store may forget (restarted, failed over, full), but never lets in what this process alone has used up.
    const own = takeHere();
    const hasForgotten = clock.now() < aloneUntil || own.retryAfterMs > forgottenMs;
    return permitOf(own.allowed || !hasForgotten ? taken : own);
  }

  return () => {
    if (store === null) return permitOf(takeHere());
    const startedAt = performance.now();
    try {
      const taken = store.take(key, rules);
      if (!(taken instanceof Promise)) return judged(taken, 0);
      return taken.then((result) => judged(result, performance.now() - startedAt), alone);
    } catch {
      return alone();
    }
  };
}

function permitOf({ allowed, retryAfterMs, rules }: TakeResult): Permit {
  if (!allowed) return { kind: 'spent', retryAfterMs };
  return { kind: 'granted', more: Math.min(...rules.map(({ remaining }) => remaining)) };
}
