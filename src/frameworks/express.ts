import { IncomingMessage } from 'node:http';
import type { ErrorRequestHandler, NextFunction, Request, RequestHandler, Response } from 'express';
import type { Cachegate } from '../app/cachegate.ts';
import type { Identity } from '../session/identity.ts';
import type { Session as OwnSession } from '../session/own/session.ts';
import type { MaybePromise } from '../store/store.ts';
import type { ValueCache } from '../value-cache/value-cache.ts';
import * as guards from './guards.ts';
import { HeldParts } from './held-parts.ts';
import { refuse } from './node-parts.ts';
import { type Refusal, refusalOf } from './refusal.ts';

declare global {
  namespace Express {
    interface Request {
      cache: ValueCache;
      session: OwnSession;
      cachedFetch: typeof globalThis.fetch;
      /** Whom `requireGate` has let in. */
      identity: Identity | null;
    }
  }
}

/**
 * `app.use(cachegateMiddleware(cachegate))`: gives requests the parts. What a handler sets in a session is stored when its
 * answer is sent, that of an error too. `sessions: off` leaves `req.session` to others.
 */
export function cachegateMiddleware(cachegate: Cachegate): RequestHandler {
  return (req, res, next) => {
    if ((req as WithParts)[PARTS] !== undefined) return next();
    const parts = new HeldParts(cachegate, req, res);
    giveParts(req, parts);
    goOn(parts.open(), res, next);
  };
}

export const requireGate: RequestHandler = middlewareOf(guards.requireGate);
export const rateLimit: RequestHandler = middlewareOf(guards.rateLimit);
export const requireSession: RequestHandler = middlewareOf(guards.requireSession);

/** Forgets the verdict on the remote session that a request presents, as at a logout. @throws CachegateError `ERR_STORE_*` */
export function forgetGate(req: Request): Promise<void> {
  const parts = partsOf(req);
  return parts.cachegate.forgetGate(parts);
}

/**
 * `app.use(sessionErrors)`, behind the routes: answers with 503 or 409 where a handler has failed because the session or
 * the store did. Other errors go on to the next error handler.
 */
export const sessionErrors: ErrorRequestHandler = (error, _req, res, next) => {
  const refusal = refusalOf(error);
  if (refusal === null || res.headersSent) next(error);
  else refuse(res, refusal);
};

const PARTS = Symbol('cachegate.parts');

type WithParts = Request & { [PARTS]?: HeldParts };

const NAMES = ['cache', 'session', 'cachedFetch', 'identity'] as const;
/** Prototypes of requests that have the names. */
const prepared = new WeakSet<object>();

/** The names are found in what requests of Express inherit: to set them on each request costs more than all else here. */
function giveParts(req: Request, parts: HeldParts): void {
  (req as WithParts)[PARTS] = parts;
  const prototype: object = Object.getPrototypeOf(req);
  if (prepared.has(prototype)) return;
  const common = commonPrototype(prototype);
  for (const name of NAMES) Object.defineProperty(common ?? req, name, accessorOf(name));
  if (common !== null) prepared.add(prototype);
}

/** What the requests of every app inherit, those of mounted apps too, below Node's own; `null`: they are no app's. */
function commonPrototype(prototype: object): object | null {
  for (let each: object | null = prototype; each !== null; ) {
    const above: object | null = Object.getPrototypeOf(each);
    if (above === IncomingMessage.prototype) return each;
    each = above;
  }
  return null;
}

function accessorOf(name: (typeof NAMES)[number]): PropertyDescriptor {
  return {
    configurable: true,
    get(this: WithParts) {
      const parts = this[PARTS];
      return name === 'session' && parts?.cachegate.sessions === null ? undefined : parts?.[name];
    },
    // As assigning to a plain property would: for other middleware of the same names.
    set(this: WithParts, value: unknown) {
      Object.defineProperty(this, name, { value, writable: true, configurable: true, enumerable: true });
    },
  };
}

function partsOf(req: Request): HeldParts {
  const parts = (req as WithParts)[PARTS];
  if (parts === undefined) throw new Error('cachegateMiddleware is not used before this route');
  return parts;
}

function middlewareOf(check: guards.Check): RequestHandler {
  return (req, res, next) => {
    goOn(check(partsOf(req)), res, next);
  };
}

function goOn(refused: MaybePromise<Refusal | null>, res: Response, next: NextFunction) {
  const go = (refusal: Refusal | null) => (refusal === null ? next() : refuse(res, refusal));
  if (refused instanceof Promise) refused.then(go).catch(next);
  else go(refused);
}
