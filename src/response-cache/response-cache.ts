import type { Background } from '../background.ts';
import type { Clock } from '../clock.ts';
import { assessResponse } from '../engine/assessment.ts';
import { decide } from '../engine/decision.ts';
import { asGet } from '../engine/facts.ts';
import { invalidatedUris, isOwnRepresentation } from '../engine/invalidation.ts';
import type { CachePolicy } from '../engine/policy.ts';
import { contentLength } from '../http/content-length.ts';
import type { RequestObserver, StoreObserver } from '../observe/observer.ts';
import type { StoreKeys } from '../store/keys.ts';
import type { Reading } from '../store/reading.ts';
import type { MaybePromise, Store } from '../store/store.ts';
import { createByteBudget } from './byte-budget.ts';
import { type Forward, forwarded, fromArriving, fromEntry, UNSATISFIED } from './cache-answers.ts';
import type { CacheAnswer, CacheRequest, FetchedResponse } from './cache-request.ts';
import { createCollapsedForwarding } from './collapsed-forwarding.ts';
import { arrivingOf } from './fill.ts';
import type { FollowedExchange } from './fills.ts';
import { createKeeper } from './keeper.ts';
import { createLookup, type Found } from './lookup.ts';
import { createSaver } from './saver.ts';

export interface ResponseCacheOptions {
  readonly store: Store;
  readonly keys: StoreKeys;
  readonly clock: Clock;
  readonly background: Background;
  readonly observer: StoreObserver & RequestObserver;
}

export interface ResponseCache {
  /**
   * Answers from what was read under the request's key, or from the origin. Stale responses stand in for an origin
   * that fails where RFC 5861, RFC 9111 §4.2.4 and the policy allow it.
   * @throws CachegateError `ERR_ORIGIN_*` when there is nothing to answer with
   */
  respond(request: CacheRequest, reading: Reading): MaybePromise<CacheAnswer>;
}

// Bodies on their way to clients and store hold so much in this process at most.
const MAX_HELD_BYTES = 256 * 1024 * 1024;

/** An HTTP cache on a store (RFC 9111): the engine decides, this carries it out. */
export function createResponseCache(options: ResponseCacheOptions): ResponseCache {
  const { store, clock, background, observer } = options;
  const lookup = createLookup(store, options.keys);
  const keeper = createKeeper({ store, observer, save: createSaver(options) });
  const budget = createByteBudget(MAX_HELD_BYTES);
  const forwarding = createCollapsedForwarding({ keeper, clock, background, budget, observer });

  function carryOut(request: CacheRequest, found: Found): MaybePromise<CacheAnswer> {
    const now = clock.now();
    const selected = found.entry ?? (found.variants === null ? null : 'vary-miss');
    const plan = decide(request.facts, selected, now);
    switch (plan.action) {
      case 'reuse':
        if (plan.revalidateInBackground) forwarding.revalidate(request, found);
        return fromEntry(request, found.entry!, now);
      case 'forward':
        if (!plan.mayStore) return passThrough(request, plan, found);
        return forwarding.fetch(request, plan, found);
      case 'validate':
      case 'complete':
        return forwarding.fetch(request, plan, found);
      case 'unsatisfied':
        return UNSATISFIED;
    }
  }

  /** Forwards a request whose response is nobody else's (RFC 9111 §4); an unsafe one invalidates (§4.4). */
  async function passThrough(request: CacheRequest, plan: Forward, found: Found): Promise<CacheAnswer> {
    const { facts, targetUri } = request;
    const asked = forwarding.follow(request.key);
    const how = { conditions: [], whole: false, signal: request.signal };
    const response = await request.forward(how).catch((error) => {
      asked.end();
      throw error;
    });
    if (facts.method === 'HEAD') keepHead(request, response, asked, found);
    else asked.end();
    const uris = invalidatedUris(facts.method, response.status, response.fields, targetUri);
    const keys = uris.map((uri) => request.keyOf(uri)).filter((key) => key !== null);
    for (const key of keys) forwarding.outdate(key);
    const arriving = forwarding.follow(request.key);
    if (keys.length > 0) await keeper.drop(request, keys);
    const kept = asked.outdated ? null : keepForGet(request, response, plan, arriving);
    if (kept === null) arriving.end();
    return kept ?? forwarded(request, response, plan);
  }

  /** What a HEAD says of the stored response, behind its answer. */
  function keepHead(
    request: CacheRequest,
    head: FetchedResponse,
    asked: FollowedExchange,
    found: Found,
  ): void {
    const keep = () => keeper.keepHead(request, head, () => asked.outdated, found);
    if (!background.run(() => keep().finally(asked.end))) asked.end();
  }

  /** The response to a POST that may answer later GETs (RFC 9110 §9.3.3), on its way to the client and the store. */
  function keepForGet(
    request: CacheRequest,
    response: FetchedResponse,
    plan: Forward,
    arriving: FollowedExchange,
  ): CacheAnswer | null {
    if (!request.isKeyExact) return null;
    if (!isOwnRepresentation(request.facts.method, response, request.targetUri)) return null;
    if ((contentLength(response.fields) ?? 0) > request.maxBodyBytes) return null;
    const assessment = assessResponse(asGet(request.facts), response, explicitOnly(request.policy));
    if (!assessment.storable || assessment.freshnessLifetimeMs === 0) return null;
    const onAbandoned = () => response.body.destroy();
    const how = { fwdStatus: response.status, budget, onAbandoned };
    const landing = arrivingOf(request, response, assessment, how);
    const keep = () => keeper.keepArriving(request, landing, () => arriving.outdated, NOTHING_FOUND);
    if (!background.run(() => keep().finally(arriving.end))) arriving.end();
    return fromArriving(request, landing, plan, { fields: response.fields, stored: true });
  }

  return {
    respond(request, reading) {
      if (!reading.ok) observer.storeFailed?.('response cache', 'read', reading.error, request);
      const found = lookup(request, reading);
      return found instanceof Promise
        ? found.then((result) => carryOut(request, result))
        : carryOut(request, found);
    },
  };
}

/** The policy that gives no lifetime of its own. */
function explicitOnly({ mode, targetedFields }: CachePolicy): CachePolicy {
  return { mode, targetedFields, heuristic: false, force: false, negativeTtlSeconds: new Map() };
}

const NOTHING_FOUND: Found = { entry: null, variants: null, away: false };
