import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import type { Cachegate } from '../app/cachegate.ts';
import type { Identity } from '../session/identity.ts';
import type { Session as OwnSession } from '../session/own/session.ts';
import type { MaybePromise } from '../store/store.ts';
import type { ValueCache } from '../value-cache/value-cache.ts';
import { FastifyParts } from './fastify-parts.ts';
import * as guards from './guards.ts';
import type { Refusal } from './refusal.ts';

// `Session` is another's in there, where @fastify/session is installed.
declare module 'fastify' {
  interface FastifyRequest {
    cache: ValueCache;
    session: OwnSession;
    cachedFetch: typeof globalThis.fetch;
    /** Whom `requireGate` has let in. */
    identity: Identity | null;
  }
}

/**
 * `app.register(cachegatePlugin, { cachegate })`: gives requests the parts, and closes cachegate with the server. What a
 * handler sets in a session is stored when its answer is sent, that of an error too. `sessions: off` leaves
 * `request.session` to others.
 */
export const cachegatePlugin: FastifyPluginAsync<{ readonly cachegate: Cachegate }> = async (
  app,
  { cachegate },
) => {
  app.decorateRequest(PARTS, null);
  const names = ['cache', 'cachedFetch', 'identity'] as const;
  for (const name of cachegate.sessions === null ? names : [...names, 'session' as const]) {
    app.decorateRequest(name, {
      getter(this: FastifyRequest) {
        return partsOf(this)[name] as never;
      },
    });
  }
  app.addHook('onRequest', (request, reply, next) => {
    const parts = new FastifyParts(cachegate, request, reply);
    (request as WithParts)[PARTS] = parts;
    goOn(parts.open(), parts, reply, next);
  });
  // The hooks below see requests, too, that others have answered before that one.
  app.addHook('onError', (request, _reply, error, next) => {
    (request as WithParts)[PARTS]?.noteFailure(error);
    next();
  });
  app.addHook('onSend', (request, _reply, payload, next) => {
    const parts = (request as WithParts)[PARTS];
    if (parts?.isUnsettled === true) void parts.settle(payload).then((sent) => next(null, sent), next);
    else next();
  });
  // What was set while the answer was streamed, or in a hijacked one.
  app.addHook('onResponse', (request, _reply, next) => {
    const parts = (request as WithParts)[PARTS];
    parts?.seal();
    if (parts?.needsCommit() === true) void parts.commitLate();
    next();
  });
  app.addHook('onClose', () => cachegate.close());
};
// What the package fastify-plugin does: the parts are for the routes beside the plugin, too.
Object.assign(cachegatePlugin, {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'cachegate',
});

/** Hooks for a route (`{ preHandler: requireSession }`), or for all (`app.addHook('onRequest', rateLimit)`). */
export const requireGate = hookOf(guards.requireGate);
export const rateLimit = hookOf(guards.rateLimit);
export const requireSession = hookOf(guards.requireSession);

/** Forgets the verdict on the remote session that a request presents, as at a logout. @throws CachegateError `ERR_STORE_*` */
export function forgetGate(request: FastifyRequest): Promise<void> {
  const parts = partsOf(request);
  return parts.cachegate.forgetGate(parts);
}

/**
 * Stores the session of an answer that Fastify does not send (`reply.hijack()`), and answers the values of the
 * `Set-Cookie` fields to send with it.
 *
 * @throws CachegateError `ERR_SESSION_*`, `ERR_STORE_*`
 */
export async function commitSession(request: FastifyRequest): Promise<readonly string[]> {
  const { cookies, failure } = await partsOf(request).commit();
  if (failure !== null) throw failure.error;
  return cookies;
}

const PARTS = Symbol('cachegate.parts');

type WithParts = FastifyRequest & { [PARTS]?: FastifyParts | null };

function partsOf(request: FastifyRequest): FastifyParts {
  const parts = (request as WithParts)[PARTS];
  if (parts === undefined || parts === null)
    throw new Error('cachegatePlugin is not registered for this route');
  return parts;
}

type Next = (error?: Error) => void;

function hookOf(check: guards.Check) {
  return (request: FastifyRequest, reply: FastifyReply, next: Next): void => {
    const parts = partsOf(request);
    goOn(check(parts), parts, reply, next);
  };
}

function goOn(refused: MaybePromise<Refusal | null>, parts: FastifyParts, reply: FastifyReply, next: Next) {
  const go = (refusal: Refusal | null): void => {
    if (refusal === null) next();
    else void reply.send(parts.refuse(refusal));
  };
  if (refused instanceof Promise) refused.then(go, next);
  else go(refused);
}
