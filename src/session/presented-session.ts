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

// Keyed hashes cost microseconds, a look-up here a tenth of one.
const REMEMBERED = 10_000;

/** Makes a `PresentedSession` of an id; `null` for a malformed one. Remembers a bounded number. */
export function createSessionPresenter(
  keys: StoreKeys,
  idInKey: IdInKey,
): (id: string) => PresentedSession | null {
  const known = new LRUCache<string, PresentedSession>({ max: REMEMBERED });
  return (id) => {
    const remembered = known.get(id);
    if (remembered !== undefined) return remembered;
    if (!isWellFormedSessionId(id)) return null;
    const session: PresentedSession = {
      id,
      shownId: cutSessionId(id),
      storeKey: keys.session(idInKey === 'hashed' ? keys.hash(id) : id),
      rateLimitKey: keys.rateLimit('session', id),
    };
    known.set(id, session);
    return session;
  };
}
