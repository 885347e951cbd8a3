import { CachegateError } from '../../errors.ts';
import type { OwnSessionObserver } from '../../observe/observer.ts';
import { storeFailure } from '../../store/reading.ts';
import { awayError } from './coded-calls.ts';
import type { JwtOnlyMode } from './jwt-only-mode.ts';
import type { KeptChanges } from './kept-changes.ts';
import type { Change } from './record-writes.ts';
import type { SessionClaims } from './session-claims.ts';
import { newSessionId } from './session-ids.ts';
import { issue, type LifeOptions, type Lived, refuseForeign, type SessionLife } from './session-life.ts';
import { type Place, placeOf } from './session-place.ts';
import type { SessionRecord } from './session-record.ts';
import type { Created, SessionRecords } from './session-records.ts';
import type { SessionState } from './session-state.ts';

export interface StoredLifeOptions extends LifeOptions {
  readonly records: SessionRecords;
  readonly kept: KeptChanges;
  readonly mode: JwtOnlyMode;
  /** Bound of a record. */
  readonly maxBytes: number;
  /** Whether writes are kept while the store is away, instead of refused. */
  readonly queues: boolean;
  readonly observer: OwnSessionObserver;
}

type Located = Exclude<SessionState, { kind: 'none' | 'foreign' }>;

const NO_DATA: ReadonlyMap<string, unknown> = new Map();

/** The life of sessions in a store. While it is away, logouts are kept, and writes where they are queued. */
export function createStoredLife(options: StoredLifeOptions): SessionLife {
  const { keys, records, kept, ended, mode, tokens, secrets, cookie, clock, idleMs, absoluteMs, observer } =
    options;

  /** Goes on without the store if that is why a call failed, and with what `instead` does. */
  function withoutStore<T>(error: unknown, operation: 'write' | 'end', instead: (() => T) | null): T {
    const failure = awayError(error);
    if (failure === null) throw error;
    mode.failed(failure);
    observer.ownSessionFailed?.(operation, failure);
    if (instead === null) throw refused(failure);
    return instead();
  }

  function blank(user: string | null, roles: readonly string[]): SessionRecord {
    const now = clock.now();
    const endsAt = now + absoluteMs;
    return { version: 1, user, roles, createdAt: now, seenAt: now, endsAt, data: NO_DATA };
  }

  function claimsOf(sid: string, { user, roles, endsAt }: SessionRecord, secret = secrets.signing) {
    const issuedAt = clock.now();
    const expiresAt = Math.min(issuedAt + idleMs, endsAt);
    return { sid, user, roles, issuedAt, expiresAt, endsAt, secret };
  }

  const active = (claims: SessionClaims, { place, record, bytes }: Omit<Created, 'id'>): SessionState => ({
    kind: 'active',
    claims,
    place,
    record,
    bytes,
  });

  const sign = (claims: SessionClaims) => issue(tokens, cookie, claims);

  /** What tokens were replaced by: the requests of a page come together, and all of them present the old one. */
  const renewals = new WeakMap<SessionClaims, { claims: SessionClaims; cookie: Promise<string> }>();
  function renewal(before: SessionClaims, record: SessionRecord) {
    const known = renewals.get(before);
    if (known !== undefined && !isOld(known.claims.issuedAt)) return known;
    const claims = claimsOf(before.sid, record, before.secret);
    const renewed = { claims, cookie: sign(claims) };
    renewals.set(before, renewed);
    return renewed;
  }

  /** Begins a session; the token is made first, so that nothing is stored of what no token can carry. */
  async function begin(record: SessionRecord, mayWait: boolean): Promise<Lived> {
    const id = newSessionId();
    const claims = claimsOf(id, record);
    const signed = await sign(claims);
    try {
      return { state: active(claims, await records.create(record, id)), cookie: signed };
    } catch (error) {
      const later = () => {
        const place = placeOf(keys, id, secrets.signing);
        kept.create(place, id, record);
        return { state: { kind: 'degraded', claims, place } as const, cookie: signed };
      };
      return withoutStore<Lived>(error, 'write', options.queues && mayWait ? later : null);
    }
  }

  /**
   * Sees to it that an id is dead whose session goes on under another: at once, or when the store is back.
   * @param taken what the session has of it already
   * @param endsToo whether an end of the old id, by others at the same time, is one of the session
   */
  async function leave(
    from: Place,
    to: Place,
    taken: SessionRecord['data'],
    endsToo: boolean,
  ): Promise<void> {
    const finish = async () => {
      await kept.tell(to.key);
      const wasThere = await records.finish(from, to, taken);
      if (!wasThere && endsToo) await records.end(to);
    };
    ended.add(from.key);
    try {
      await kept.tell(from.key);
      await finish();
    } catch (error) {
      withoutStore(error, 'end', () => kept.end(from, finish));
    }
  }

  /**
   * Refuses to begin another session for a request that was sent just before its session got a new id: its cookie would take
   * the place of the new one, and log the user out.
   */
  async function refuseLate(before: Place | undefined): Promise<void> {
    // A store that is away shows in what follows.
    if (before !== undefined && (await records.hasMoved(before).catch(() => false))) throw endedMeanwhile();
  }

  /** Puts a session under a new id. `null`: it has ended meanwhile. */
  async function move(
    state: SessionState & { kind: 'active' },
    change: Change,
    anticipated: SessionRecord,
    endsToo: boolean,
  ): Promise<Lived | null> {
    const id = newSessionId();
    const claims = claimsOf(id, anticipated);
    const signed = await sign(claims);
    try {
      await kept.tell(state.place.key);
      const moved = await records.move(state.place, id, change);
      if (moved === null) return null;
      // Whether or not this process hears of what it has done itself.
      ended.add(state.place.key);
      if (moved.left !== null) {
        mode.failed(storeFailure(moved.left.error));
        await leave(state.place, moved.place, moved.left.taken, endsToo && !moved.left.isSealed);
      }
      return { state: active(claims, moved), cookie: signed };
    } catch (error) {
      return withoutStore<Lived | null>(error, 'write', null);
    }
  }

  const touched = (record: SessionRecord) => ({ ...record, seenAt: clock.now() });
  // A clock that was set back is no reason to let it run out.
  const isOld = (since: number) => Math.abs(clock.now() - since) >= options.refreshMs;

  /** Also in a session that was found by its token alone: the store may be back. */
  async function write(state: Located, change: Change, sizeOf: (() => number) | null): Promise<Lived | null> {
    const known = state.kind === 'active' ? state.bytes : null;
    try {
      // First what is kept of it: that came before.
      await kept.tell(state.place.key);
      const written = await records.write(state.place, (record) => touched(change(record)), known);
      if (written === null) return null;
      const { record, bytes, place } = written;
      if (state.kind !== 'active') return { state, cookie: null };
      if (place.key !== state.place.key) return { state: { ...state, hasMoved: true }, cookie: null };
      return { state: { ...state, record, bytes }, cookie: null };
    } catch (error) {
      const later = () => {
        kept.write(state.place, change, keepable(sizeOf!()));
        return { state, cookie: null };
      };
      return withoutStore<Lived | null>(error, 'write', options.queues && sizeOf !== null ? later : null);
    }
  }

  function keepable(bytes: number): number {
    if (bytes <= options.maxBytes) return bytes;
    const message = `${bytes} bytes were set in a session; at most ${options.maxBytes} are kept`;
    throw new CachegateError('ERR_SESSION_TOO_LARGE', message);
  }

  async function end(place: Place): Promise<void> {
    ended.add(place.key);
    try {
      // What is kept of it would bring it back.
      await kept.tell(place.key);
      await records.end(place);
    } catch (error) {
      withoutStore(error, 'end', () => kept.end(place));
    }
  }

  return {
    clearedCookie: () => cookie.clear(),
    mayWrite(state) {
      refuseForeign(state);
      if (state.kind === 'unavailable' || (state.kind === 'degraded' && !options.queues)) throw refused();
    },
    async store(state, change, sizeOf) {
      refuseForeign(state);
      switch (state.kind) {
        case 'none':
          await refuseLate(state.before);
          return begin(change(blank(null, [])), sizeOf !== null);
        case 'active':
          return write(state, change, sizeOf);
        case 'degraded':
          if (!options.queues || sizeOf === null) throw refused();
          return write(state, change, sizeOf);
        default:
          throw refused();
      }
    },
    async login(state, { user, roles }, data) {
      refuseForeign(state);
      const record = blank(user, [...new Set(roles)]);
      if (state.kind === 'active') {
        const moved = await move(
          state,
          (before) => ({ ...record, data: data?.(before.data) ?? NO_DATA }),
          record,
          false,
        );
        if (moved !== null) return moved;
      }
      if (state.kind === 'unavailable' || (state.kind === 'degraded' && !options.queues)) throw refused();
      const begun = await begin({ ...record, data: data?.(NO_DATA) ?? NO_DATA }, true);
      if (state.kind === 'degraded' && 'place' in begun.state) {
        if (data === null) await end(state.place);
        else await leave(state.place, begun.state.place, NO_DATA, false);
      }
      return begun;
    },
    async rotate(state, data) {
      if (state.kind !== 'active') throw refused();
      const change = (before: SessionRecord) => touched({ ...before, data: data(before.data) });
      const moved = await move(state, change, state.record, true);
      if (moved !== null) return moved;
      throw endedMeanwhile();
    },
    end,
    isDue: (state) => state.kind === 'active' && (isOld(state.record.seenAt) || isOld(state.claims.issuedAt)),
    async refresh(state) {
      if (state.kind !== 'active') return { state, cookie: null };
      // Also where the token alone is old: an answer must not bring an id back that was changed meanwhile.
      const written = await write(state, (record) => record, null).catch(() => null);
      if (written?.state.kind !== 'active') return { state, cookie: null };
      const after = written.state;
      if (after.hasMoved || !isOld(state.claims.issuedAt)) return { state: after, cookie: null };
      const { claims, cookie: renewed } = renewal(state.claims, after.record);
      return { state: { ...after, claims }, cookie: await renewed };
    },
  };
}

const endedMeanwhile = () => new CachegateError('ERR_SESSION_ENDED', 'The session has ended meanwhile');

function refused(cause?: CachegateError): CachegateError {
  const message = "The store is away: sessions can be read by their tokens, and can't be changed";
  return new CachegateError('ERR_SESSION_DEGRADED', message, { cause });
}
