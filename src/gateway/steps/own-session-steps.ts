import type { SessionRequest } from '../../session/own/session.ts';
import type { SessionClaims } from '../../session/own/session-claims.ts';
import { ABSENT, type Reading, readOne } from '../../store/reading.ts';
import type { MaybePromise } from '../../store/store.ts';
import { type Answer, refusal } from '../answer.ts';
import type { Exchange, Step } from '../exchange.ts';
import type { GateRequest } from '../request.ts';
import type { OwnGate } from '../session-gate.ts';

// A store that is away comes back within seconds, or a person sees to it.
const RETRY_AFTER = ['Retry-After', '5'];

/** Finds the own session that the caller presents, by its token's signature; waits only for one not seen before. */
export function createOwnIdentifyStep({ vouching, present, isCrossSite }: OwnGate): Step {
  function note(exchange: Exchange, claims: SessionClaims | null): Answer | null {
    // Nobody has logged in with it: it holds what a visitor has left, and is no reason to let them in.
    if (claims === null || claims.user === null) return refusal(401);
    exchange.claims = claims;
    exchange.session = present(claims);
    return null;
  }

  return (exchange) => {
    const { request } = exchange;
    const token = vouching.readToken(request.field('cookie') ?? '');
    if (token === null) return refusal(401);
    if (isCrossSite(sessionRequestOf(request))) return refusal(403);
    const claims = vouching.verify(token);
    return claims instanceof Promise
      ? claims.then((verified) => note(exchange, verified))
      : note(exchange, claims);
  };
}

/** Lets pass whoever has an own session that has not ended; while the store is away the token vouches for a while. */
export function createOwnSessionStep({ vouching, store }: OwnGate): Step {
  function read(exchange: Exchange): MaybePromise<Reading> {
    if (store === null) return ABSENT;
    return exchange.early?.session ?? readOne(store, exchange.session!.storeKey);
  }

  function judge(exchange: Exchange, reading: Reading): Answer | null {
    if (!reading.ok) exchange.storeAway = true;
    const { kind, identity } = vouching.judge(exchange.claims!, reading);
    switch (kind) {
      case 'active':
      case 'degraded':
        // The store may know of a change that the token is older than.
        if (identity.user === null) return refusal(401);
        exchange.identity = identity;
        return null;
      case 'ended':
        return refusal(401);
      case 'unavailable':
        // Not 401: nobody is to log out for it.
        return refusal(503, RETRY_AFTER);
    }
  }

  return (exchange) => {
    const reading = read(exchange);
    return reading instanceof Promise
      ? reading.then((result) => judge(exchange, result))
      : judge(exchange, reading);
  };
}

/** What of a request decides on its session. */
export function sessionRequestOf(request: GateRequest): SessionRequest {
  return {
    method: request.method,
    cookie: request.field('cookie'),
    origin: request.field('origin'),
    fetchSite: request.field('sec-fetch-site'),
    host: request.field('host'),
  };
}
