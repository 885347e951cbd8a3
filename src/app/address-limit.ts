import type { Limiter } from '../rate-limit/limiter.ts';
import type { TakeResult } from '../store/store.ts';
import { admitted, limitFields, overLimit } from './admissions.ts';
import type { Admission, Guard, PartsRequest } from './cachegate.ts';
import { correlatedOf } from './parts-request.ts';

/** Keeps each client address within its rate; while the store is away, as this process counts it. */
export function createAddressLimit(limiter: Limiter, limitKey: (request: PartsRequest) => string): Guard {
  const { limit } = limiter;
  const judge = (taken: TakeResult): Admission =>
    taken.allowed ? admitted(null, limitFields(limit, taken)) : overLimit(limit, taken);
  return (request) => {
    const taken = limiter.take(limitKey(request), correlatedOf(request));
    return taken instanceof Promise ? taken.then(judge) : judge(taken);
  };
}
