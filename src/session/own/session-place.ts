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
