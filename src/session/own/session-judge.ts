import type { Clock } from '../../clock.ts';
import type { OwnSessionObserver } from '../../observe/observer.ts';
import type { Reading } from '../../store/reading.ts';
import { isOfOneKey } from '../../store/store-errors.ts';
import type { EndedSessions } from './ended-sessions.ts';
import type { JwtOnlyMode } from './jwt-only-mode.ts';
import type { KeptChanges } from './kept-changes.ts';
import type { SessionClaims } from './session-claims.ts';
import type { Place } from './session-place.ts';
import { decodeRecord, type SessionRecord } from './session-record.ts';
import type { SessionRecords } from './session-records.ts';

/** What a token and the store say together of a session. */
export type Judgement =
  | { readonly kind: 'active'; readonly record: SessionRecord; readonly bytes: Buffer }
  /** It has ended, or never was. */
  | { readonly kind: 'ended' }
  /** The store is not asked, or away, and the token is young enough to vouch alone. */
  | { readonly kind: 'degraded' }
  /** The store is away and the token too old. */
  | { readonly kind: 'unavailable' };

export interface SessionJudge {
  /** By what the store holds, or by the token alone where the store could not be asked. */
  judge(claims: SessionClaims, place: Place, reading: Reading): Judgement;
  /** What needs no look into the store; `null`: the store is to be asked. */
  known(place: Place): Judgement | null;
}

export interface SessionJudgeOptions {
  readonly records: SessionRecords;
  readonly ended: EndedSessions;
  readonly kept: KeptChanges;
  readonly mode: JwtOnlyMode;
  readonly clock: Clock;
  /** For so long after its issue a token is trusted alone. */
  readonly jwtOnlyMs: number;
  readonly observer: OwnSessionObserver;
}

export const ENDED: Judgement = { kind: 'ended' };
export const DEGRADED: Judgement = { kind: 'degraded' };
const UNAVAILABLE: Judgement = { kind: 'unavailable' };

export function createSessionJudge(options: SessionJudgeOptions): SessionJudge {
  const { records, ended, kept, mode, clock, jwtOnlyMs, observer } = options;

  function alone(claims: SessionClaims, { key }: Place): Judgement {
    if (ended.has(key)) return ENDED;
    return clock.now() < claims.issuedAt + jwtOnlyMs ? DEGRADED : UNAVAILABLE;
  }

  return {
    known({ key }) {
      if (kept.size === 0) return null;
      const known = kept.known(key);
      if (known === 'ended') return ENDED;
      // Begun while the store was away, which has not been told yet.
      return known === 'begun' ? DEGRADED : null;
    },
    judge(claims, place, reading) {
      if (!reading.ok) {
        observer.ownSessionLookedUp?.('error');
        observer.ownSessionFailed?.('read', reading.error);
        // What lies under one key says nothing of the store.
        if (!isOfOneKey(reading.error)) mode.failed(reading.error);
        return alone(claims, place);
      }
      const record = reading.value === null ? null : decodeRecord(reading.value.bytes);
      const isActive = record !== null && !records.isOver(record);
      observer.ownSessionLookedUp?.(isActive ? 'hit' : 'miss');
      if (!isActive) {
        // It stays ended whatever becomes of the store: that it was dropped may have gone unheard here.
        ended.add(place.key);
        return ENDED;
      }
      return { kind: 'active', record: kept.shown(place.key, record), bytes: reading.value!.bytes };
    },
  };
}
