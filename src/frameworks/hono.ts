import type { Socket } from 'node:net';
import type { Context, MiddlewareHandler } from 'hono';
import type { Cachegate } from '../app/cachegate.ts';
import { peerAddress } from '../listen/peer-address.ts';
import type { Identity } from '../session/identity.ts';
import type { Session } from '../session/own/session.ts';
import type { ValueCache } from '../value-cache/value-cache.ts';
import * as guards from './guards.ts';
import { refusalOf } from './refusal.ts';
import { refusedResponse, settledResponse, WebParts } from './web-parts.ts';

declare module 'hono' {
  interface ContextVariableMap {
    cache: ValueCache;
    session: Session;
    cachedFetch: typeof globalThis.fetch;
    /** Whom `requireGate` has let in. */
    identity: Identity | null;
  }
}

export interface HonoOptions {
  /** The address of the connection's other end; empty: a Unix socket. By default as `@hono/node-server`
   * tells it, else unknown: nothing that such a peer says of its client is believed. */
  readonly peer?: (context: Context) => string;
}

/**
 * `app.use(cachegateMiddleware(cachegate))`: gives contexts the parts. What a handler sets in a session is stored when its
 * answer is sent, that of an error too; a stream that is still written then has `session.update`.
 */
export function cachegateMiddleware(
  cachegate: Cachegate,
  { peer = nodePeer }: HonoOptions = {},
): MiddlewareHandler {
  return async (c, next) => {
    if (PARTS.has(c)) return next();
    const parts = new WebParts(cachegate, c.req.raw, peer(c));
    PARTS.set(c, parts);
    const refused = await parts.open();
    if (refused !== null) return refusedResponse(refused, []);
    c.set('cache', cachegate.cache);
    c.set('cachedFetch', parts.cachedFetch);
    c.set('identity', null);
    if (cachegate.sessions !== null) c.set('session', parts.session);
    await next();
    const failure = c.error === undefined || c.res.status !== 500 ? null : refusalOf(c.error);
    const committed = await parts.commitAll();
    const response = failure === null ? c.res : refusedResponse(failure, []);
    const settled = settledResponse(response, committed, parts.fields);
    if (settled === c.res) return;
    // Else Hono puts the fields of the one before upon it.
    c.res = undefined;
    c.res = settled;
  };
}

export const requireGate: MiddlewareHandler = middlewareOf(guards.requireGate);
export const rateLimit: MiddlewareHandler = middlewareOf(guards.rateLimit);
export const requireSession: MiddlewareHandler = middlewareOf(guards.requireSession);

/** Forgets the verdict on the remote session that a request presents, as at a logout. @throws CachegateError `ERR_STORE_*` */
export function forgetGate(c: Context): Promise<void> {
  const parts = partsOf(c);
  return parts.cachegate.forgetGate(parts);
}

const PARTS = new WeakMap<Context, WebParts>();

function partsOf(c: Context): WebParts {
  const parts = PARTS.get(c);
  if (parts === undefined) throw new Error('cachegateMiddleware is not used before this route');
  return parts;
}

function middlewareOf(check: guards.Check): MiddlewareHandler {
  return async (c, next) => {
    const parts = partsOf(c);
    const refused = await check(parts);
    if (refused !== null) return refusedResponse(refused, []);
    c.set('identity', parts.identity);
    await next();
  };
}

function nodePeer({ env }: Context): string {
  const { incoming } = (env ?? {}) as { incoming?: { socket?: Socket } };
  return peerAddress(incoming?.socket);
}
