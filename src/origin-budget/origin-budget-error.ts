import { CachegateError } from '../errors.ts';

/** `ERR_ORIGIN_BUDGET`: the origin was not asked, since it may not be asked so often. */
export class OriginBudgetError extends CachegateError {
  /** Until it makes sense to ask again; a whole number of milliseconds from 1. */
  readonly retryAfterMs: number;

  constructor(retryAfterMs: number) {
    super('ERR_ORIGIN_BUDGET', 'The budget of requests to the origin is spent');
    this.retryAfterMs = Math.max(1, Math.ceil(retryAfterMs));
  }
}
