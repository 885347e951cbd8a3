import type { Clock } from '../clock.ts';
import type { FieldList } from '../http/fields.ts';
import type { AnsweredRequest, RequestTiming } from '../observe/observer.ts';
import type { CacheOutcome } from '../observe/outcome.ts';
import type { Identity } from '../session/identity.ts';
import type { SessionClaims } from '../session/own/session-claims.ts';
import type { PresentedSession } from '../session/presented-session.ts';
import type { Reading } from '../store/reading.ts';
import type { MaybePromise, TakeResult } from '../store/store.ts';
import type { Answer } from './answer.ts';
import { correlationIdOf } from './correlation.ts';
import type { Destination } from './location.ts';
import type { GateRequest } from './request.ts';

/** One request on its way through a service's steps, and what the steps have found out so far. */
export class Exchange implements AnsweredRequest, RequestTiming {
  readonly request: GateRequest;
  readonly clock: Clock;
  readonly destination: Destination;
  /** When the reads from the store left. */
  readAt = 0;
  session: PresentedSession | null = null;
  /** What the token of an own session says. */
  claims: SessionClaims | null = null;
  /** Whose the session is, once it is let in; `null`: nobody has said. */
  identity: Identity | null = null;
  /** The store's key of responses to the request, or of those of `part`. */
  responseKey: string;
  /** Whose responses they are, where the service's are not everyone's. */
  part: string | undefined;
  /** Reads that left early, together; judged in the order of the steps. */
  early: EarlyReads | null = null;
  /** Set once the store did not answer: this request does not wait for it again. */
  storeAway = false;
  /** The same of the part of the store where the response lies; `null`: it is not known apart from the rest. */
  responseAway: boolean | null = null;
  outcome: CacheOutcome | null = null;
  corsFields: FieldList = [];
  /** The value of the `RateLimit` field so far. */
  rateLimit: string | null = null;
  lookupStartedAt = 0;
  lookupMs: number | null = null;
  originMs: number | null = null;
  saveMs: number | null = null;
  saving: Promise<unknown> | null = null;
  savedTtl: number | null = null;
  #correlationId: string | null = null;

  constructor(request: GateRequest, destination: Destination, clock: Clock) {
    this.request = request;
    this.destination = destination;
    this.responseKey = destination.key;
    this.clock = clock;
  }

  get method(): string {
    return this.request.method;
  }

  get target(): string {
    return this.request.target;
  }

  get cacheKey(): string {
    return this.responseKey;
  }

  get timing(): RequestTiming {
    return this;
  }

  correlationId(): string {
    this.#correlationId ??= correlationIdOf(this.request);
    return this.#correlationId;
  }
}

export interface EarlyReads {
  readonly taken: MaybePromise<TakeResult> | null;
  readonly session: MaybePromise<Reading> | null;
  readonly response: MaybePromise<Reading> | null;
}

/** A step of a service's path: answers the request, or lets it pass with `null`. */
export type Step = (exchange: Exchange) => MaybePromise<Answer | null>;
