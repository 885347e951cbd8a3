import type { Plan } from '../engine/decision.ts';
import { fromEntry, isOthersToo, UNSATISFIED } from './cache-answers.ts';
import type { CacheAnswer, CacheRequest } from './cache-request.ts';
import type { CollapsedForwarding, Foreseen } from './collapsed-forwarding.ts';
import type { Planned } from './planner.ts';
import type { OriginFailure } from './stand-in.ts';

/** What the cache would do with a request. */
export interface Foresight {
  readonly planned: Planned;
  /** What the store holds of it is to be dropped still, and not used. */
  readonly isDropped: boolean;
  readonly next: Foreseen | Answers;
  /** What it would be answered with if the origin answered 503, and if it gave no answer at all; `null`: with that. */
  readonly onError: CacheAnswer | null;
  readonly onSilence: CacheAnswer | null;
}

/** It is answered without the origin. */
interface Answers {
  readonly kind: 'answers';
  readonly answer: CacheAnswer;
  /** What is behind the answer: a validation, none, or (`held`) none for now. */
  readonly revalidates: 'yes' | 'no' | 'held';
}

export interface ForesightParts {
  readonly forwarding: Pick<CollapsedForwarding, 'foresee' | 'mayRevalidate' | 'standIn'>;
  readonly isDropped: boolean;
}

/** By the same judgements as those of an answer. */
export function foresight(
  request: CacheRequest,
  planned: Planned,
  { forwarding, isDropped }: ForesightParts,
): Foresight {
  const isAsked = planned.plan.action !== 'reuse' && planned.plan.action !== 'unsatisfied';
  const mayStandIn = isAsked && isOthersToo(planned.plan as Asking);
  const instead = (failure: OriginFailure) =>
    mayStandIn ? forwarding.standIn(request, failure, planned.found) : null;
  return {
    planned,
    isDropped,
    next: nextOf(request, planned, forwarding),
    onError: instead(503),
    onSilence: instead('silence'),
  };
}

type Asking = Extract<Plan, { action: 'forward' | 'validate' | 'complete' }>;

function nextOf(
  request: CacheRequest,
  { plan, found, now }: Planned,
  forwarding: ForesightParts['forwarding'],
): Foresight['next'] {
  switch (plan.action) {
    case 'reuse': {
      const may = !plan.revalidateInBackground ? 'no' : forwarding.mayRevalidate(request) ? 'yes' : 'held';
      return { kind: 'answers', answer: fromEntry(request, found.entry!, now), revalidates: may };
    }
    case 'unsatisfied':
      return { kind: 'answers', answer: UNSATISFIED, revalidates: 'no' };
    case 'forward':
    case 'validate':
    case 'complete':
      return isOthersToo(plan) ? forwarding.foresee(request, { plan, found, now }) : { kind: 'asks' };
  }
}
