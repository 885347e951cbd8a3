import { within } from '../../deadline.ts';
import { CachegateError } from '../../errors.ts';
import type { OwnSessionObserver } from '../../observe/observer.ts';
import { ABSENT, readOne, storeFailure } from '../../store/reading.ts';
import type { Store } from '../../store/store.ts';
import { createJwtOnlyMode } from './jwt-only-mode.ts';
import { createKeptChanges } from './kept-changes.ts';
import { createSessionJudge } from './session-judge.ts';
import type { SessionKeeping } from './session-keeping.ts';
import type { LifeOptions } from './session-life.ts';
import { createSessionLists } from './session-lists.ts';
import { createSessionRecords } from './session-records.ts';
import { createStoredLife } from './stored-life.ts';

export interface StoredSessionsOptions extends LifeOptions {
  readonly store: Store;
  /** For so long after its issue a token is trusted alone while the store is away. */
  readonly jwtOnlyMs: number;
  /** Bound of a record. */
  readonly maxBytes: number;
  readonly degradedWrites: 'refuse' | 'queue';
  readonly observer: OwnSessionObserver;
}

const REFERENCE = /^[\w-]{22}$/;

/** Sessions in a store that all processes share. */
export function createStoredSessions(options: StoredSessionsOptions): SessionKeeping {
  const { store, ended, observer } = options;
  const records = createSessionRecords(options);
  const kept = createKeptChanges(records, observer);
  const mode = createJwtOnlyMode({ ...options, kept });
  const judge = createSessionJudge({ ...options, records, kept, mode });
  const lists = createSessionLists({ ...options, records });

  async function lastTry(deadlineMs: number): Promise<void> {
    if (kept.size === 0) return;
    const late = () => new CachegateError('ERR_STORE_TIMEOUT', 'Store unavailable at the end');
    try {
      await within(deadlineMs, kept.replay(), late);
    } catch (error) {
      kept.stop();
      observer.sessionChangesLost?.(kept.size, storeFailure(error));
    }
  }

  return {
    life: createStoredLife({ ...options, records, kept, mode, queues: options.degradedWrites === 'queue' }),
    read: (place) => (judge.known(place) === null ? readOne(store, place.key) : ABSENT),
    judge: (claims, place, reading) => judge.known(place) ?? judge.judge(claims, place, reading),
    list: lists.list,
    async endAll(user) {
      kept.endAll(user);
      return lists.endAll(user);
    },
    async endReference(reference) {
      if (!REFERENCE.test(reference)) return false;
      const place = records.placeOfDigest(reference);
      ended.add(place.key);
      return records.end(place);
    },
    status: () => ({ degraded: mode.isOn, kept: kept.size }),
    async close(deadlineMs) {
      mode.stop();
      await lastTry(deadlineMs);
      ended.close();
    },
  };
}
