import { LRUCache } from 'lru-cache';
import type { Background } from '../background.ts';
import type { Clock } from '../clock.ts';
import type { Correlated, SessionObserver } from '../observe/observer.ts';
import { type Reading, readOne, storeFailure } from '../store/reading.ts';
import { type FillStart, startFill } from '../store/start-fill.ts';
import type { Fence, MaybePromise, Store } from '../store/store.ts';
import type { Authority, Validation } from './authority.ts';
import type { PresentedSession } from './presented-session.ts';

/** `refused`: the budget of validations was spent, so nobody was asked. */
export type SessionJudgement<Refusal> =
  | { readonly kind: 'valid' | 'invalid' | 'unavailable' }
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
  readonly clock: Clock;
  readonly background: Background;
  readonly observer: SessionObserver;
}

export interface ValidationCache<Refusal> {
  /** Whether what the store said is that the session is valid. `readMs` is how long the store took. */
  recall(session: PresentedSession, reading: Reading, readMs: number, request: Correlated): boolean;
  /** Asks the authority, once for all who ask at the same time. Never rejects. */
  validate(session: PresentedSession, applicant: Applicant<Refusal>): Promise<SessionJudgement<Refusal>>;
}

const VALID = { kind: 'valid' } as const;
// Readable in the store, as dashboards and people expect it.
const VALID_BYTES = Buffer.from('true');

const VALID_WORD = VALID_BYTES.readUInt32LE();

// Its four bytes as one number: sooner compared than by a call into the runtime, on every hit.
function isValid(bytes: Buffer): boolean {
  return bytes.length === 4 && bytes.readUInt32LE() === VALID_WORD;
}

const LEASE = 'verdict';
// Those who wait hear of it within milliseconds; a session that has become valid is found out about by one process again.
const BAR_MS = 1_000;
const ASKED_HERE: FillStart<never> = { kind: 'begun', fence: null, lease: null, barredMs: 0 };

// Bounds what is remembered of sessions in this process; none of it lets anyone in.
const REMEMBERED = 10_000;

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
  const flights = new Map<string, Flight<Refusal>>();
  /** When sessions that were found valid here may cause a validation at their payer's cost again. */
  const lately = new LRUCache<string, number>({ max: REMEMBERED });

  async function ask(session: PresentedSession, applicant: Applicant<Refusal>): Promise<Validation> {
    const startedAt = clock.now();
    const correlationId = applicant.correlationId();
    const validation = await authority.validate(session.id, correlationId);
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
      return reading.ok && reading.value !== null && isValid(reading.value.bytes) ? VALID : null;
    };
    const whenTaken = authority.timeoutMs;
    return startFill({ store, base, leaseName: () => LEASE, whenTaken, look, onFailure: tell });
  }

  async function keep(session: PresentedSession, fence: Fence, correlationId: string): Promise<void> {
    const startedAt = clock.now();
    try {
      const group = { group: session.storeKey, fence };
      if (!(await store!.set(session.storeKey, VALID_BYTES, options.ttlMs, group))) return;
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
    let begun: FillStart<unknown> = ASKED_HERE;
    try {
      // Budgets are against invented ids: a session that was valid a moment ago is not one, even if no store keeps it.
      const known = (lately.get(session.id) ?? 0) > clock.now();
      const refusal = known ? null : await applicant.spend();
      if (refusal !== null) return { kind: 'refused', refusal };
      begun = await start(session, applicant);
      const verdict = begun.kind === 'begun' ? (await ask(session, applicant)).verdict : 'valid';
      if (verdict === 'invalid') lately.delete(session.id);
      if (verdict !== 'valid') return { kind: verdict };
      lately.set(session.id, clock.now() + options.ttlMs);
      if (begun.kind !== 'begun' || begun.fence === null) return VALID;
      const { fence, lease } = begun;
      // The flight stays open until its write has settled: a request that read before it joins, and asks nobody.
      const done = () => {
        lease?.end();
        land();
      };
      keeping = options.background.run(() => keep(session, fence, applicant.correlationId()).finally(done));
      return VALID;
    } finally {
      if (!keeping) {
        land();
        // Nothing was stored that another could find: all who wait for it ask at once, and not one by one.
        if (begun.kind === 'begun') begun.lease?.end(BAR_MS);
      }
    }
  }

  function depart(session: PresentedSession, applicant: Applicant<Refusal>): Flight<Refusal> {
    const land = () => flights.delete(session.id);
    const flight = { payer: applicant.payer, judgement: fly(session, applicant, land) };
    flights.set(session.id, flight);
    return flight;
  }

  async function validate(
    session: PresentedSession,
    applicant: Applicant<Refusal>,
  ): Promise<SessionJudgement<Refusal>> {
    for (;;) {
      const under = flights.get(session.id);
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
      if (!reading.ok) {
        observer.sessionCacheFailed?.(session, 'read', reading.error, request.correlationId());
        return false;
      }
      const hit = reading.value !== null && isValid(reading.value.bytes);
      if (hit) observer.sessionHit?.(session, readMs, request);
      else if (store !== null) observer.sessionMissed?.(session, authority.name, request);
      return hit;
    },
  };
}
