import { LRUCache } from 'lru-cache';
import type { Background } from '../background.ts';
import type { Clock } from '../clock.ts';
import type { Correlated, SessionObserver } from '../observe/observer.ts';
import { type HeldLease, setAndEnd } from '../store/held-lease.ts';
import { type Reading, readOne, storeFailure } from '../store/reading.ts';
import { type FillStart, startFill } from '../store/start-fill.ts';
import type { Fence, MaybePromise, Store } from '../store/store.ts';
import type { Authority, Validation, ValidSession } from './authority.ts';
import type { PresentedSession } from './presented-session.ts';
import { createIdentityVerdicts, plainVerdicts, VALID } from './verdict-form.ts';

/** `refused`: the budget of validations was spent, so nobody was asked. */
export type SessionJudgement<Refusal> =
  | ValidSession
  | { readonly kind: 'invalid' | 'unavailable' }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** What a request brings along to have its session validated. */
export interface Applicant<Refusal> extends Correlated {
  /** Whose budget pays for a validation; requests with the same payer share one flight's refusal. */
  readonly payer: string;
  /** The store was found away: it is not asked again on the way. */
  readonly storeAway: boolean;
  /** Takes one validation from the payer's budget; `null` when it was granted. */
  readonly spend: () => MaybePromise<Refusal | null>;
}

export interface ValidationCacheOptions {
  readonly authority: Authority;
  /** `null`: nothing is kept, each request is validated. */
  readonly store: Store | null;
  readonly ttlMs: number;
  /** Verdicts say whose the session is, as the presenter's keys do. Default: false. */
  readonly withIdentity?: boolean;
  /** Names the authority and how it is asked, where verdicts have whose a session is: others' count for nothing. */
  readonly identityBy?: string;
  readonly clock: Clock;
  readonly background: Background;
  readonly observer: SessionObserver;
}

export interface ValidationCache<Refusal> {
  /**
   * The session, if what the store said (or what the authority can say at once) is that it is valid; else `null`.
   * `readMs` is how long the store took.
   */
  recall(
    session: PresentedSession,
    reading: Reading,
    readMs: number,
    request: Correlated,
  ): ValidSession | null;
  /** Asks the authority, once for all who ask at the same time. Never rejects. */
  validate(session: PresentedSession, applicant: Applicant<Refusal>): Promise<SessionJudgement<Refusal>>;
  /**
   * Drops what is kept of the session, whatever was forwarded with its id; the authority is asked anew. Resolves when no
   * process answers with it any more.
   *
   * @throws CachegateError `ERR_STORE_*`: others may still find it; to be repeated
   */
  forget(session: PresentedSession): Promise<void>;
}

const LEASE = 'verdict';
// Those who wait hear of it within milliseconds; a session that has become valid is found out about by one process again.
const BAR_MS = 1_000;
const ASKED_HERE: FillStart<never> = { kind: 'begun', fence: null, lease: null, barredMs: 0 };

// Bounds what is remembered of sessions in this process; none of it lets anyone in.
const REMEMBERED = 10_000;

interface Kept {
  readonly bytes: Buffer;
  readonly ttlMs: number;
}

interface Flight<Refusal> {
  readonly payer: string;
  readonly judgement: Promise<SessionJudgement<Refusal>>;
}

/**
 * A cache of validation results: only valid sessions are kept, for a fixed time that no hit extends, and
 * simultaneous requests with one unknown session cost one validation, whichever process they come to.
 */
export function createValidationCache<Refusal>(options: ValidationCacheOptions): ValidationCache<Refusal> {
  const { authority, store, clock, observer } = options;
  const form = options.withIdentity ? createIdentityVerdicts(options.identityBy ?? '') : plainVerdicts;
  const flights = new Map<string, Flight<Refusal>>();
  /** When sessions that were found valid here may cause a validation at their payer's cost again. */
  const lately = new LRUCache<string, number>({ max: REMEMBERED });
  // Whoever comes after the drop gets no verdict that the authority may have given before it.
  store?.listen({ dropped: (base) => void flights.delete(base), tagDropped: () => flights.clear() });

  async function ask(session: PresentedSession, applicant: Applicant<Refusal>): Promise<Validation> {
    const startedAt = clock.now();
    const correlationId = applicant.correlationId();
    const validation = await authority.validate(session, correlationId);
    observer.sessionValidated?.(session, authority.name, validation, clock.now() - startedAt, correlationId);
    return validation;
  }

  /** Sees to it that one process asks for all: `found` where another has, and the session is valid. */
  async function start(session: PresentedSession, applicant: Applicant<Refusal>) {
    if (store === null || applicant.storeAway) return ASKED_HERE;
    const { storeKey: base } = session;
    const tell = (error: unknown) =>
      observer.sessionCacheFailed?.(session, 'write', storeFailure(error), applicant.correlationId());
    const look = async () => {
      const reading = await readOne(store, base);
      return reading.ok && reading.value !== null ? form.decode(reading.value.bytes) : null;
    };
    const whenTaken = authority.timeoutMs;
    return startFill({ store, base, leaseName: () => LEASE, whenTaken, look, onFailure: tell });
  }

  /** How a verdict is to be kept; `null`: not at all. */
  function kept({ identity, expiresAt = Infinity }: Validation): Kept | null {
    const bytes = form.encode(identity ?? null);
    const ttlMs = Math.min(options.ttlMs, Math.floor(expiresAt - clock.now()));
    return bytes === null || ttlMs < 1 ? null : { bytes, ttlMs };
  }

  async function keep(
    session: PresentedSession,
    { bytes, ttlMs }: Kept,
    { fence, lease }: { readonly fence: Fence; readonly lease: HeldLease | null },
    correlationId: string,
  ): Promise<void> {
    const startedAt = clock.now();
    try {
      const { storeKey: group, tag } = session;
      const tags = tag === null ? [] : [tag];
      const written = await setAndEnd({ store: store!, lease }, group, bytes, ttlMs, { group, fence, tags });
      if (!written) return;
      observer.sessionKept?.(session, clock.now() - startedAt, correlationId);
    } catch (error) {
      observer.sessionCacheFailed?.(session, 'write', storeFailure(error), correlationId);
    }
  }

  /** The one validation of this process for all who ask meanwhile. */
  async function fly(
    session: PresentedSession,
    applicant: Applicant<Refusal>,
    land: () => void,
  ): Promise<SessionJudgement<Refusal>> {
    let keeping = false;
    let begun: FillStart<ValidSession> = ASKED_HERE;
    try {
      // Budgets are against invented ids: a session that was valid a moment ago is not one, even if no store keeps it.
      const known = (lately.get(session.storeKey) ?? 0) > clock.now();
      const refusal = known ? null : await applicant.spend();
      if (refusal !== null) return { kind: 'refused', refusal };
      begun = await start(session, applicant);
      if (begun.kind === 'found') return remember(session, begun.value);
      const validation = await ask(session, applicant);
      const { verdict, identity } = validation;
      if (verdict === 'invalid') lately.delete(session.storeKey);
      if (verdict !== 'valid') return { kind: verdict };
      const valid = remember(session, identity === undefined ? VALID : { kind: 'valid', identity });
      const value = kept(validation);
      if (begun.kind !== 'begun' || begun.fence === null || value === null) return valid;
      const { fence, lease } = begun;
      // The flight stays open until its write has settled: a request that read before it joins, and asks nobody.
      const done = () => {
        lease?.end();
        land();
      };
      keeping = options.background.run(() =>
        keep(session, value, { fence, lease }, applicant.correlationId()).finally(done),
      );
      return valid;
    } finally {
      if (!keeping) {
        land();
        // Nothing was stored that another could find: all who wait for it ask at once, and not one by one.
        if (begun.kind === 'begun') begun.lease?.end(BAR_MS);
      }
    }
  }

  function remember(session: PresentedSession, valid: ValidSession): ValidSession {
    lately.set(session.storeKey, clock.now() + options.ttlMs);
    return valid;
  }

  function depart(session: PresentedSession, applicant: Applicant<Refusal>): Flight<Refusal> {
    const { storeKey } = session;
    const land = () => {
      // After a drop, another may be under way.
      if (flights.get(storeKey) === flight) flights.delete(storeKey);
    };
    const flight = { payer: applicant.payer, judgement: fly(session, applicant, land) };
    flights.set(storeKey, flight);
    return flight;
  }

  async function validate(
    session: PresentedSession,
    applicant: Applicant<Refusal>,
  ): Promise<SessionJudgement<Refusal>> {
    for (;;) {
      const under = flights.get(session.storeKey);
      const flight = under ?? depart(session, applicant);
      const judgement = await flight.judgement;
      // Another payer's empty purse is no reason to refuse this one.
      if (judgement.kind === 'refused' && under !== undefined && under.payer !== applicant.payer) continue;
      return judgement;
    }
  }

  return {
    validate,
    recall(session, reading, readMs, request) {
      if (!reading.ok) observer.sessionCacheFailed?.(session, 'read', reading.error, request.correlationId());
      const stored = reading.ok && reading.value !== null ? form.decode(reading.value.bytes) : null;
      const valid = stored ?? authority.recall?.(session) ?? null;
      if (valid !== null) observer.sessionHit?.(session, stored === null ? 0 : readMs, request);
      else if (store !== null && reading.ok) observer.sessionMissed?.(session, authority.name, request);
      return valid;
    },
    async forget(session) {
      flights.delete(session.storeKey);
      lately.delete(session.storeKey);
      authority.forget?.(session);
      if (store === null) return;
      await store.drop([session.storeKey]);
      if (session.tag !== null) await store.dropTagged([session.tag]);
      await store.confirmed();
    },
  };
}
