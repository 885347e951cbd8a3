import { LRUCache } from 'lru-cache';
import type { StoreKeys } from '../store/keys.ts';
import { cutSessionId, isWellFormedSessionId } from './session-id.ts';

/** The session that a caller presents, with the names it has in the store. */
export interface PresentedSession {
  /** The secret itself; never shown. */
  readonly id: string;
  /** What of the id may be shown. */
  readonly shownId: string;
  readonly storeKey: string;
  readonly rateLimitKey: string;
}

/** Whether the store's key holds the id itself or a keyed hash of it. */
export type IdInKey = 'plain' | 'hashed';

export interface SessionPresenterOptions {
  /** Whose rate limit it is. */
  readonly service: string;
  /** What tells the deployment's authorities apart; empty where there is one. */
  readonly authority: string;
  readonly keys: StoreKeys;
  readonly idInKey: IdInKey;
}

// Keyed hashes cost microseconds, a look-up here a tenth of one.
const REMEMBERED = 10_000;

/** Makes a `PresentedSession` of an id; `null` for a malformed one. Remembers a bounded number. */
export function createSessionPresenter({
  service,
  authority,
  keys,
  idInKey,
}: SessionPresenterOptions): (id: string) => PresentedSession | null {
  const known = new LRUCache<string, PresentedSession>({ max: REMEMBERED });
  return (id) => {
    const remembered = known.get(id);
    if (remembered !== undefined) return remembered;
    if (!isWellFormedSessionId(id)) return null;
    const session: PresentedSession = {
      id,
      shownId: cutSessionId(id),
      storeKey: keys.session(authority, idInKey === 'hashed' ? keys.hash(id) : id),
      rateLimitKey: keys.rateLimit(service, 'session', id),
    };
    known.set(id, session);
    return session;
  };
}
