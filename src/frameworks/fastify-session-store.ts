import type { MiddlewareSession } from '../session/middleware-session.ts';
import type { MiddlewareSessionsOptions, MiddlewareSessionsSource } from '../session/middleware-sessions.ts';
import { type NodeCallback, tellCallback } from './node-callback.ts';

/** What `@fastify/session` asks of a store. */
export interface FastifySessionStore {
  /** Gives what the plugin says that its sessions are. */
  get(id: string, callback: NodeCallback<never>): void;
  set(id: string, session: MiddlewareSession, callback: NodeCallback<void>): void;
  destroy(id: string, callback: NodeCallback<void>): void;
}

/**
 * A store for `@fastify/session`:
 *
 *     app.register(fastifySession, { store: createFastifySessionStore(cachegate), secret })
 *
 * A session lives as long as its cookie, or `ttlSeconds` where that ends with the browser. When the store is away, the
 * plugin is told so (`ERR_STORE_*`), and answers the request with that error.
 *
 * Its keys are hashes by `hash_key`; where that is not set, a new URL of the store, or a new password in it, loses them.
 *
 * @throws CachegateError `ERR_CONFIG_INVALID` for bad options
 */
export function createFastifySessionStore(
  cachegate: MiddlewareSessionsSource,
  { kind = 'fastify', ...options }: Partial<MiddlewareSessionsOptions> = {},
): FastifySessionStore {
  const sessions = cachegate.middlewareSessions({ ...options, kind });
  return {
    get: (id, callback) => tellCallback(sessions.get(id), callback as NodeCallback<MiddlewareSession | null>),
    set: (id, session, callback) => tellCallback(sessions.set(id, session), callback),
    destroy: (id, callback) => tellCallback(sessions.destroy(id), callback),
  };
}
