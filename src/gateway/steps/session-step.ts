import type { Limiter } from '../../rate-limit/limiter.ts';
import type { ValidSession } from '../../session/authority.ts';
import type { PresentedSession } from '../../session/presented-session.ts';
import type { ValidationCache } from '../../session/validation-cache.ts';
import { ABSENT, type Reading, readOne } from '../../store/reading.ts';
import type { MaybePromise, Store, TakeResult } from '../../store/store.ts';
import { type Answer, refusal } from '../answer.ts';
import type { Exchange, Step } from '../exchange.ts';
import { limitExceeded, noteLimit } from './rate-limit-step.ts';

export interface SessionStepOptions {
  readonly validations: ValidationCache<TakeResult>;
  /** Where verdicts are kept; `null`: each request is validated. */
  readonly store: Store | null;
  /** Limits the validations that a client address may cause. */
  readonly addressLimiter: Limiter | null;
  readonly addressKey: (exchange: Exchange) => string;
}

/** Lets pass whoever has a valid session; `unavailable` is refused like `invalid`, and told apart in log and metrics. */
export function createSessionStep(options: SessionStepOptions): Step {
  const { validations, store, addressLimiter } = options;

  function read(exchange: Exchange, session: PresentedSession): MaybePromise<Reading> {
    if (store === null) return ABSENT;
    const early = exchange.early?.session ?? null;
    if (early !== null) return early;
    exchange.readAt = exchange.clock.now();
    return readOne(store, session.storeKey);
  }

  function spend(exchange: Exchange, addressKey: string): MaybePromise<TakeResult | null> {
    if (addressLimiter === null) return null;
    const judge = (taken: TakeResult) => {
      noteLimit(exchange, addressLimiter.limit, taken);
      return taken.allowed ? null : taken;
    };
    const taken = exchange.storeAway
      ? addressLimiter.takeLocally(addressKey)
      : addressLimiter.take(addressKey, exchange);
    return taken instanceof Promise ? taken.then(judge) : judge(taken);
  }

  async function validate(exchange: Exchange, session: PresentedSession): Promise<Answer | null> {
    const addressKey = addressLimiter === null ? '' : options.addressKey(exchange);
    const before = exchange.early?.response ?? null;
    exchange.early = null;
    const startedAt = performance.now();
    if (exchange.storeAway && before !== null) exchange.responseAway = !(await before).ok;
    const judgement = await validations.validate(session, {
      correlationId: () => exchange.correlationId(),
      payer: addressKey,
      storeAway: exchange.storeAway,
      spend: () => spend(exchange, addressKey),
    });
    // What was read before the validation is older than it: the response is looked up anew, if its part of the store is
    // there. That there was none is not: whoever asks the origin for one looks once more.
    const reading = exchange.storeAway ? null : await before;
    if (reading?.ok && reading.value === null) {
      exchange.early = { taken: null, session: null, response: reading };
      // The time of the validation is none of the look-up's.
      exchange.lookupStartedAt += performance.now() - startedAt;
    }
    switch (judgement.kind) {
      case 'valid':
        return letIn(exchange, judgement);
      case 'invalid':
      case 'unavailable':
        return refusal(401);
      case 'refused':
        return limitExceeded(judgement.refusal);
    }
  }

  function judge(
    exchange: Exchange,
    session: PresentedSession,
    reading: Reading,
  ): MaybePromise<Answer | null> {
    if (!reading.ok) exchange.storeAway = true;
    const readMs = exchange.clock.now() - exchange.readAt;
    const known = validations.recall(session, reading, readMs, exchange);
    return known === null ? validate(exchange, session) : letIn(exchange, known);
  }

  return (exchange) => {
    const session = exchange.session!;
    const reading = read(exchange, session);
    return reading instanceof Promise
      ? reading.then((result) => judge(exchange, session, result))
      : judge(exchange, session, reading);
  };
}

function letIn(exchange: Exchange, { identity }: ValidSession): null {
  exchange.identity = identity;
  return null;
}
