import type { StoreKeys } from '../../store/keys.ts';
import type { SessionSecret } from './session-secrets.ts';

/** Where a session lies in the store, and the secret of which its key is made. */
export interface Place {
  readonly key: string;
  readonly secret: SessionSecret;
}

/** A session as it was found. */
export interface FoundRecord {
  readonly place: Place;
  readonly bytes: Buffer;
}

/** Where the session of an id lies that was made with `secret`. Takes a keyed hash. */
export function placeOf(keys: StoreKeys, id: string, secret: SessionSecret): Place {
  return { key: keys.ownSession(secret.digest(id)), secret };
}
