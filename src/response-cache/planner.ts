import type { Clock } from '../clock.ts';
import { decide, type Plan } from '../engine/decision.ts';
import { isNotModified } from '../engine/validation.ts';
import type { MaybePromise } from '../store/store.ts';
import type { Bodies } from './bodies.ts';
import type { CacheRequest } from './cache-request.ts';
import type { StoredEntry } from './entry.ts';
import type { Found } from './lookup.ts';

/** What was found for a request, and what is to be done with it. */
export interface Planned<P extends Plan = Plan> {
  readonly plan: P;
  readonly found: Found;
  /** When that was decided. */
  readonly now: number;
}

/** Decides; and where a stored response may come to be sent, its body is at hand. One that has lost its body is none. */
export type Planner = (request: CacheRequest, found: Found) => MaybePromise<Planned>;

export function createPlanner(bodies: Bodies, clock: Clock): Planner {
  function planned(request: CacheRequest, found: Found): Planned {
    const selected = found.entry ?? (found.variants === null ? null : 'vary-miss');
    const now = clock.now();
    return { plan: decide(request.facts, selected, now), found, now };
  }

  return (request, found) => {
    const first = planned(request, found);
    const { entry } = found;
    if (entry === null || entry.body !== null || !needsBody(request, first.plan, entry)) return first;
    return bodies
      .load(request.key, entry)
      .then((loaded) => planned(request, loaded ? found : { ...found, entry: null }));
  };
}

// An origin's failure, or its 304, may make an answer of any stored response.
function needsBody(request: CacheRequest, plan: Plan, { response }: StoredEntry): boolean {
  if (request.headOnly || plan.action === 'unsatisfied') return false;
  return plan.action !== 'reuse' || !isNotModified(request.facts, response);
}
