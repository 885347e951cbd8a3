import type { Clock } from '../clock.ts';
import { CachegateError } from '../errors.ts';
import type { StoreKeys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { decodeSession, encodeSession, lifetimeOf, type MiddlewareSession } from './middleware-session.ts';
import { createMiddlewareSessionList } from './middleware-session-list.ts';

/** The sessions of a middleware that makes ids, signs cookies and decides when to save by itself. */
export interface MiddlewareSessions {
  /** `null`: there is none, or none that this release can read. */
  get(id: string): Promise<MiddlewareSession | null>;
  /** Keeps it for as long as its cookie says. */
  set(id: string, session: MiddlewareSession): Promise<void>;
  /** Keeps what is stored for as long as this session's cookie says. One that has ended stays so. */
  touch(id: string, session: MiddlewareSession): Promise<void>;
  destroy(id: string): Promise<void>;
  /** All that are there, in no order, without their ids: those are not stored. */
  all(): Promise<MiddlewareSession[]>;
  length(): Promise<number>;
  clear(): Promise<void>;
}

export interface MiddlewareSessionsOptions {
  /** Tells the sessions of several middlewares of one deployment apart: 1–32 of `a-z 0-9 -`; not `own`. */
  readonly kind: string;
  /** For a session whose cookie ends with the browser; 86,400 by default. */
  readonly ttlSeconds?: number;
}

/** What has a store for them: an application's cachegate. */
export interface MiddlewareSessionsSource {
  /** @throws CachegateError `ERR_CONFIG_INVALID` */
  middlewareSessions(options: MiddlewareSessionsOptions): MiddlewareSessions;
}

export interface MiddlewareSessionsParts {
  readonly store: Store;
  readonly keys: StoreKeys;
  readonly clock: Clock;
}

const KIND = /^[a-z0-9-]{1,32}$/;
/** Of the sessions that cachegate itself keeps. */
const TAKEN = 'own';
const DEFAULT_TTL_SECONDS = 86_400;
/** Whoever writes to a session at the same time gives it its time too. */
const TOUCH_TRIES = 3;

/**
 * Sessions on the store port. All methods reject with `ERR_STORE_*` when the store can't do it, and `set` with what
 * `JSON.stringify` throws.
 *
 * @throws CachegateError `ERR_CONFIG_INVALID`
 */
export function createMiddlewareSessions(
  { store, keys, clock }: MiddlewareSessionsParts,
  { kind, ttlSeconds = DEFAULT_TTL_SECONDS }: MiddlewareSessionsOptions,
): MiddlewareSessions {
  check(kind, ttlSeconds);
  const defaultMs = Math.ceil(ttlSeconds * 1000);
  const list = createMiddlewareSessionList(store, keys.sessionTags(kind));

  // The id is a secret that only its cookie holds.
  const keyOf = (id: string) => keys.ownSession(keys.hash(`${kind}:${id}`));
  const groupOf = (key: string) => ({ group: key, tags: [keys.sessionTag(kind, key)] });
  const leftMs = (session: MiddlewareSession) => lifetimeOf(session, clock.now(), defaultMs);

  /** A session whose cookie has expired is over, whatever the store's clock says. */
  function decoded(bytes: Buffer | undefined): MiddlewareSession | null {
    const session = bytes === undefined ? null : decodeSession(bytes);
    return session === null || leftMs(session) <= 0 ? null : session;
  }

  async function destroy(id: string): Promise<void> {
    await store.drop([keyOf(id)]);
  }

  async function touch(id: string, session: MiddlewareSession): Promise<void> {
    const key = keyOf(id);
    const ttlMs = Math.max(1, leftMs(session));
    for (let tries = 0; tries < TOUCH_TRIES; tries++) {
      const [found] = await store.get([key]);
      const stored = decoded(found?.bytes);
      if (stored === null) return;
      const touched = encodeSession({ ...stored, cookie: session.cookie });
      if (await store.replace(key, found!.bytes, touched, ttlMs, groupOf(key))) return;
    }
  }

  return {
    async get(id) {
      const [found] = await store.get([keyOf(id)]);
      return decoded(found?.bytes);
    },
    async set(id, session) {
      const ttlMs = leftMs(session);
      if (ttlMs <= 0) return destroy(id);
      const key = keyOf(id);
      await store.set(key, encodeSession(session), ttlMs, groupOf(key));
    },
    touch,
    destroy,
    async all() {
      const found: MiddlewareSession[] = [];
      await list.read((bytes) => {
        const session = decoded(bytes);
        if (session !== null) found.push(session);
      });
      return found;
    },
    async length() {
      let count = 0;
      await list.read((bytes) => {
        if (decoded(bytes) !== null) count += 1;
      });
      return count;
    },
    clear: list.drop,
  };
}

function check(kind: string, ttlSeconds: number): void {
  if (!KIND.test(kind) || kind === TAKEN) {
    const message = `Bad kind of sessions: ${kind}: 1 to 32 of a-z, 0-9 and -, and not ${TAKEN}`;
    throw new CachegateError('ERR_CONFIG_INVALID', message);
  }
  if (!(ttlSeconds > 0)) {
    const message = `Bad lifetime of sessions: ${ttlSeconds}: it must be more than 0 seconds`;
    throw new CachegateError('ERR_CONFIG_INVALID', message);
  }
}
