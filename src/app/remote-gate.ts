import type { Clock } from '../clock.ts';
import type { Correlated } from '../observe/observer.ts';
import type { Limiter } from '../rate-limit/limiter.ts';
import type { PresentedSession } from '../session/presented-session.ts';
import type { ValidationCache } from '../session/validation-cache.ts';
import { ABSENT, type Reading, readOne } from '../store/reading.ts';
import type { MaybePromise, Store, TakeResult } from '../store/store.ts';
import { admitted, limitFields, overLimit, refused } from './admissions.ts';
import type { Admission, Guard, PartsRequest } from './cachegate.ts';
import { correlatedOf } from './parts-request.ts';

export interface RemoteGateOptions {
  /** The session that a request presents; `null`: none, or one that no caller could have. */
  readonly find: (request: PartsRequest) => PresentedSession | null;
  readonly validations: ValidationCache<TakeResult>;
  /** Where verdicts are kept; `null`: each request is validated. */
  readonly store: Store | null;
  /** Limits the validations that a client address may cause. */
  readonly addressLimiter: Limiter;
  readonly addressKey: (request: PartsRequest) => string;
  readonly clock: Clock;
}

export interface RemoteGate {
  /** As `Cachegate.gate`. */
  readonly gate: Guard;
  /** As `Cachegate.forgetGate`. */
  forget(request: PartsRequest): Promise<void>;
}

/** Lets in whoever has a session that a remote authority calls valid, as the gateway does. */
export function createRemoteGate(options: RemoteGateOptions): RemoteGate {
  const { find, validations, store, addressLimiter, clock } = options;
  const { limit } = addressLimiter;

  async function validate(
    request: PartsRequest,
    session: PresentedSession,
    storeAway: boolean,
    { correlationId }: Correlated,
  ): Promise<Admission> {
    const payer = options.addressKey(request);
    let counted: TakeResult | null = null;
    const spend = async () => {
      counted = storeAway
        ? addressLimiter.takeLocally(payer)
        : await addressLimiter.take(payer, { correlationId });
      return counted.allowed ? null : counted;
    };
    const judgement = await validations.validate(session, { correlationId, payer, storeAway, spend });
    const fields = counted === null ? [] : limitFields(limit, counted);
    switch (judgement.kind) {
      case 'valid':
        return admitted(judgement.identity, fields);
      case 'invalid':
      case 'unavailable':
        return refused(401, fields);
      case 'refused':
        return overLimit(limit, judgement.refusal);
    }
  }

  return {
    gate(request) {
      const session = find(request);
      if (session === null) return refused(401);
      const correlated = correlatedOf(request);
      const readAt = clock.now();
      const judge = (reading: Reading): MaybePromise<Admission> => {
        const valid = validations.recall(session, reading, clock.now() - readAt, correlated);
        return valid === null
          ? validate(request, session, !reading.ok, correlated)
          : admitted(valid.identity);
      };
      const reading = store === null ? ABSENT : readOne(store, session.storeKey);
      return reading instanceof Promise ? reading.then(judge) : judge(reading);
    },
    async forget(request) {
      const session = find(request);
      if (session !== null) await validations.forget(session);
    },
  };
}

/** Where there is no authority, nobody has anything to show. */
export const NO_GATE: RemoteGate = { gate: () => refused(401), forget: async () => {} };
