import type { Clock } from '../clock.ts';
import {
  type Candidate,
  decide,
  mayServeStaleDisconnected,
  mayServeStaleOnError,
  type Plan,
} from '../engine/decision.ts';
import { fromEntry, inPlaceOf } from './cache-answers.ts';
import type { CacheAnswer, CacheRequest } from './cache-request.ts';
import type { Found } from './lookup.ts';

/**
 * What came of asking an origin: the status that it answered with; `silence`, where it was asked and did not answer;
 * `pause`, where it was not asked, since it wants to be left alone or its budget is spent.
 */
export type OriginFailure = number | 'silence' | 'pause';

/**
 * A stale response in place of an origin's failure (RFC 5861 §4), or of no answer at all (RFC 9111 §4.2.4); `null` where
 * none may be. A hit only if the origin was not asked (RFC 9211 §2.1).
 */
export type StandIn = (request: CacheRequest, failure: OriginFailure, found: Found) => CacheAnswer | null;

// What RFC 5861 §4 calls an error; and a spent budget (RFC 6585 §4), which is no better an answer.
const FAILURES: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

export function createStandIn(clock: Clock): StandIn {
  return (request, failure, { entry }) => {
    const answered = typeof failure === 'number';
    if (entry === null || (answered && !FAILURES.has(failure))) return null;
    const now = clock.now();
    const may =
      mayServeStaleOnError(request.facts, entry, now) ||
      (!answered && mayServeStaleDisconnected(request.facts, entry, now));
    const plan = decide(request.facts, entry, now);
    if (!may || !holdsEnough(entry, plan)) return null;
    if (failure === 'pause') return fromEntry(request, entry, now);
    const fwd = 'fwd' in plan ? plan.fwd : 'stale';
    return inPlaceOf(request, entry, { fwd, ...(answered && { fwdStatus: failure }) }, now);
  };
}

// A stored part can't stand in for what it does not hold.
function holdsEnough({ assessment }: Candidate, plan: Plan): boolean {
  return (
    assessment.part === null || (plan.action !== 'complete' && !('fwd' in plan && plan.fwd === 'partial'))
  );
}
