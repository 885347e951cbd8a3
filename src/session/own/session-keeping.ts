import type { Reading } from '../../store/reading.ts';
import type { MaybePromise } from '../../store/store.ts';
import type { SessionInfo, SessionsStatus } from './session.ts';
import type { SessionClaims } from './session-claims.ts';
import type { Judgement } from './session-judge.ts';
import type { SessionLife } from './session-life.ts';
import type { Place } from './session-place.ts';

/** What keeps sessions: the store, or their tokens alone. */
export interface SessionKeeping {
  readonly life: SessionLife;
  /** What is kept of a session, or what stands for it. Never rejects. */
  read(place: Place): MaybePromise<Reading>;
  judge(claims: SessionClaims, place: Place, reading: Reading): Judgement;
  /** As `Sessions.list`. */
  list(
    user: string | null,
    cursor: string | null,
  ): Promise<{ sessions: SessionInfo[]; cursor: string | null }>;
  /** As `Sessions.end`. */
  endReference(reference: string): Promise<boolean>;
  /** As `Sessions.endAll`. */
  endAll(user: string): Promise<number>;
  status(): Omit<SessionsStatus, 'mode'>;
  close(deadlineMs: number): Promise<void>;
}
