import type { MiddlewareSession } from '../session/middleware-session.ts';
import type {
  MiddlewareSessions,
  MiddlewareSessionsOptions,
  MiddlewareSessionsSource,
} from '../session/middleware-sessions.ts';
import { type NodeCallback, tellCallback } from './node-callback.ts';

/** The module `express-session`, as far as it matters here. */
export interface ExpressSessionModule<S extends object> {
  readonly Store: abstract new () => S;
}

/** What `express-session` and applications call. */
export interface ExpressSessionStore {
  get(id: string, callback: NodeCallback<MiddlewareSession | null>): void;
  set(id: string, session: MiddlewareSession, callback?: NodeCallback<void>): void;
  touch(id: string, session: MiddlewareSession, callback?: NodeCallback<void>): void;
  destroy(id: string, callback?: NodeCallback<void>): void;
  /** All sessions, without their ids: those are not stored. */
  all(callback: NodeCallback<MiddlewareSession[]>): void;
  length(callback: NodeCallback<number>): void;
  clear(callback?: NodeCallback<void>): void;
}

/**
 * A store for `express-session`:
 *
 *     app.use(session({ store: createExpressSessionStore(session, cachegate), resave: false, … }));
 *
 * A session lives as long as its cookie, or `ttlSeconds` where that ends with the browser. When the store is away, the
 * middleware is told so (`ERR_STORE_*`), and hands it to the application's error handler.
 *
 * Its keys are hashes by `hash_key`; where that is not set, a new URL of the store, or a new password in it, loses them.
 *
 * @param session the application's `express-session`, so that the store is one of its own `Store`s
 * @throws CachegateError `ERR_CONFIG_INVALID` for bad options
 */
export function createExpressSessionStore<S extends object>(
  session: ExpressSessionModule<S>,
  cachegate: MiddlewareSessionsSource,
  { kind = 'express', ...options }: Partial<MiddlewareSessionsOptions> = {},
): S & ExpressSessionStore {
  // Abstract for TypeScript alone: what it lacks is given to it here.
  const Store = session.Store as unknown as new () => S;
  return Object.assign(new Store(), storeMethods(cachegate.middlewareSessions({ ...options, kind })));
}

function storeMethods(sessions: MiddlewareSessions): ExpressSessionStore {
  return {
    get: (id, callback) => tellCallback(sessions.get(id), callback),
    set: (id, session, callback) => tellCallback(sessions.set(id, session), callback),
    touch: (id, session, callback) => tellCallback(sessions.touch(id, session), callback),
    destroy: (id, callback) => tellCallback(sessions.destroy(id), callback),
    all: (callback) => tellCallback(sessions.all(), callback),
    length: (callback) => tellCallback(sessions.length(), callback),
    clear: (callback) => tellCallback(sessions.clear(), callback),
  };
}
