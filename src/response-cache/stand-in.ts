import type { Clock } from '../clock.ts';
import {
  type Candidate,
  decide,
  mayServeStaleDisconnected,
  mayServeStaleOnError,
} from '../engine/decision.ts';
import { fromEntry } from './cache-answers.ts';
import type { CacheAnswer, CacheRequest } from './cache-request.ts';
import type { Found } from './lookup.ts';

/**
 * A stale response in place of an origin's failure (RFC 5861 §4), or (`status` null) of no answer at all (RFC 9111
 * §4.2.4); `null` where none may be.
 */
export type StandIn = (request: CacheRequest, status: number | null, found: Found) => CacheAnswer | null;

// What RFC 5861 §4 calls an error; and a spent budget (RFC 6585 §4), which is no better an answer.
const FAILURES: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

export function createStandIn(clock: Clock): StandIn {
  return (request, status, { entry }) => {
    if (entry === null || (status !== null && !FAILURES.has(status))) return null;
    const now = clock.now();
    const may =
      mayServeStaleOnError(request.facts, entry, now) ||
      (status === null && mayServeStaleDisconnected(request.facts, entry, now));
    return may && canAnswer(request, entry, now) ? fromEntry(request, entry, now) : null;
  };
}

// A stored part can't stand in for what it does not hold.
function canAnswer(request: CacheRequest, candidate: Candidate, now: number): boolean {
  if (candidate.assessment.part === null) return true;
  const plan = decide(request.facts, candidate, now);
  return plan.action !== 'complete' && !('fwd' in plan && plan.fwd === 'partial');
}
