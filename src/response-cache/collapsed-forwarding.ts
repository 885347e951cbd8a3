import type { Background } from '../background.ts';
import type { Clock } from '../clock.ts';
import {
  type Candidate,
  decide,
  mayServeStaleDisconnected,
  mayServeStaleOnError,
} from '../engine/decision.ts';
import { variantKey } from '../engine/selection.ts';
import type { RequestObserver } from '../observe/observer.ts';
import type { ByteBudget } from './byte-budget.ts';
import { type Forward, fromArriving, fromEntry, held, unsharedAnswer, validated } from './cache-answers.ts';
import type { CacheAnswer, CacheRequest } from './cache-request.ts';
import { type Arriving, Fill, type FillPurpose, type Landing, type Validated } from './fill.ts';
import { createFills, type FollowedExchange } from './fills.ts';
import type { Keeper } from './keeper.ts';
import { ANYONE, type Found } from './lookup.ts';
import { createOriginHolds, type Refused } from './origin-holds.ts';
import { createUnsharedKeys } from './unshared-keys.ts';

export interface CollapsedForwardingOptions {
  readonly keeper: Keeper;
  readonly clock: Clock;
  readonly background: Background;
  readonly budget: ByteBudget;
  readonly observer: RequestObserver;
}

/** Asks origins, once for all requests that one response can answer. */
export interface CollapsedForwarding {
  /**
   * Answers by another request's response where one is on its way and fits; else the origin is asked.
   * @throws CachegateError `ERR_ORIGIN_*` when there is nothing to answer with
   */
  fetch(request: CacheRequest, plan: Forward, found: Found): Promise<CacheAnswer>;
  /** Validates a stored response behind its answer, unless that is under way. */
  revalidate(request: CacheRequest, found: Found): void;
  /** What is under way for a resource has become older than the resource, and is neither stored nor shared. */
  outdate(key: string): void;
  /** Follows an exchange that is no fill, until it ends. */
  follow(key: string): FollowedExchange;
}

// What RFC 5861 §4 calls an error; and a spent budget (RFC 6585 §4), which is no better an answer.
const FAILURES: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

export function createCollapsedForwarding(options: CollapsedForwardingOptions): CollapsedForwarding {
  const { keeper, clock, background, budget, observer } = options;
  const fills = createFills();
  const unshared = createUnsharedKeys();
  const holds = createOriginHolds();

  async function fetch(request: CacheRequest, plan: Forward, found: Found): Promise<CacheAnswer> {
    if (unshared.has(classOf(request), clock.now()) || isForRanges(request, plan)) {
      return lead(request, plan, found);
    }
    const credentialed = isAuthorized(request);
    const tried = new Set<Fill>();
    let isAlike = alikeIn(request, found.variants?.nominated[0] ?? []);
    for (;;) {
      const fill = fills.joinable(request.key, tried, credentialed, isAlike);
      if (fill === null) return lead(request, plan, found);
      tried.add(fill);
      const landing = await fill.wait(request.signal);
      const shared = share(request, fill, landing, plan);
      if (shared !== null) return shared;
      // Nobody queues for what was not shareable; only the request's own variant may still be on its way.
      if (!isSelection(landing) || selects(request, landing)) return lead(request, plan, found);
      isAlike = alikeIn(request, landing.selection.nominated);
    }
  }

  /** Another request's response, if this request can be answered by it. */
  function share(request: CacheRequest, fill: Fill, landing: Landing, plan: Forward): CacheAnswer | null {
    if (fill.outdated || !isSelection(landing) || !selects(request, landing)) return null;
    const now = clock.now();
    if (landing.kind === 'validated') {
      const { entry, storable } = landing;
      return storable && mayReuse(request, entry, now) ? fromEntry(request, entry, now) : null;
    }
    if (!landing.body.joinable || !mayReuse(request, landing, now)) return null;
    return fromArriving(request, landing, plan, { fields: landing.sharedFields, collapsed: true });
  }

  function mayReuse(request: CacheRequest, candidate: Candidate, now: number): boolean {
    return decide(request.facts, candidate, now).action === 'reuse';
  }

  /** Goes to the origin, unless that asked to be left alone; whoever comes meanwhile may join. */
  async function lead(request: CacheRequest, plan: Forward, found: Found): Promise<CacheAnswer> {
    const hold = holds.find(refusedFor(request), clock.now());
    if (hold !== null) return standIn(request, null, found) ?? held(hold, clock.now());
    const landing = await begin(request, purposeOf(request, plan, found), found).wait(request.signal);
    switch (landing.kind) {
      case 'validated':
        return validated(request, landing.entry, plan, {
          stored: landing.storable && !found.away,
          ownFields: landing.ownFields,
        });
      case 'arriving':
        return fromArriving(request, landing, plan, { fields: landing.response.fields, stored: !found.away });
      case 'unshared': {
        const stale = standIn(request, landing.response.status, found);
        if (stale === null) return unsharedAnswer(request, landing.response, plan);
        landing.response.body.destroy();
        return stale;
      }
      case 'failed': {
        const stale = standIn(request, null, found);
        if (stale === null) throw landing.error;
        observer.originFailed?.(request.service, landing.error, request);
        return stale;
      }
    }
  }

  /**
   * A stale response in place of an origin's failure (RFC 5861 §4), or of no answer at all (RFC 9111 §4.2.4); `null`
   * where none may be.
   */
  function standIn(request: CacheRequest, status: number | null, found: Found): CacheAnswer | null {
    const { entry } = found;
    if (entry === null || (status !== null && !FAILURES.has(status))) return null;
    const now = clock.now();
    const may =
      mayServeStaleOnError(request.facts, entry, now) ||
      (status === null && mayServeStaleDisconnected(request.facts, entry, now));
    return may && canAnswer(request, entry, now) ? fromEntry(request, entry, now) : null;
  }

  function begin(request: CacheRequest, purpose: FillPurpose, found: Found): Fill {
    const fill = new Fill(request, purpose, budget);
    fills.add(request.key, fill);
    const close = () => fills.remove(request.key, fill);
    void fill.landing.then((landing) => remember(request, fill, landing));
    // Open until it is stored, so that a request that looked before finds it here.
    const accepted = background.run(() => keeper.keep(request, fill, found).finally(close));
    if (!accepted) void fill.landing.then(close);
    return fill;
  }

  /** What a landing says of the requests to come. */
  function remember(request: CacheRequest, fill: Fill, landing: Landing): void {
    const now = clock.now();
    if (fill.joinable && !fill.abandoned) {
      if (isShareable(landing, now)) unshared.forget(classOf(request));
      else if (!isClientsFault(landing)) unshared.note(classOf(request), now);
    }
    if (landing.kind !== 'unshared') return;
    const { status, fields } = landing.response;
    holds.note(refusedFor(request), status, fields, request.retryAfterLimitMs, now);
  }

  function revalidate(request: CacheRequest, found: Found): void {
    const entry = found.entry!;
    if (fills.has(request.key) || holds.find(refusedFor(request), clock.now()) !== null) return;
    const purpose: FillPurpose =
      request.facts.contentKeyed === true ? { kind: 'whole' } : { kind: 'validate', stored: entry };
    const fill = begin(request, purpose, found);
    // Owned by the fill, whose landing never rejects.
    void fill.wait(null).then((landing) => {
      if (landing.kind === 'failed') observer.originFailed?.(request.service, landing.error, request);
      if (landing.kind === 'unshared') landing.response.body.destroy();
    });
  }

  return { fetch, revalidate, outdate: fills.outdate, follow: fills.follow };
}

/** Whether a request that asks for nothing special could be answered by it. */
function isShareable(landing: Landing, now: number): boolean {
  if (!isSelection(landing) || (landing.kind === 'validated' && !landing.storable)) return false;
  return decide(ANYONE, landing.kind === 'arriving' ? landing : landing.entry, now).action === 'reuse';
}

// What one client did wrong says nothing of the answers to others.
function isClientsFault(landing: Landing): boolean {
  return landing.kind === 'unshared' && landing.response.status >= 400 && landing.response.status <= 499;
}

function isSelection(landing: Landing): landing is Arriving | Validated {
  return landing.kind === 'arriving' || landing.kind === 'validated';
}

function selects(request: CacheRequest, { selection }: Arriving | Validated): boolean {
  return variantKey(selection.nominated, request.facts) === selection.variant;
}

/** Whether a fill's request has the same values in these fields, so that both select the same response. */
function alikeIn({ facts }: CacheRequest, nominated: readonly string[]): (fill: Fill) => boolean {
  if (nominated.length === 0) return () => true;
  const own = variantKey(nominated, facts);
  return (fill) => variantKey(nominated, fill.facts) === own;
}

function purposeOf(request: CacheRequest, plan: Forward, { entry }: Found): FillPurpose {
  if (plan.action === 'validate') return { kind: 'validate', stored: entry! };
  if (plan.action === 'complete') return { kind: 'complete', stored: entry! };
  return isForRanges(request, plan) ? { kind: 'ranges' } : { kind: 'whole' };
}

// A stored response that is validated, or a part that is completed, is had as a whole; else only the ranges are fetched.
function isForRanges({ facts }: CacheRequest, plan: Forward): boolean {
  return plan.action === 'forward' && facts.method === 'GET' && facts.field('range') !== undefined;
}

// A stored part can't stand in for what it does not hold.
function canAnswer(request: CacheRequest, candidate: Candidate, now: number): boolean {
  if (candidate.assessment.part === null) return true;
  const plan = decide(request.facts, candidate, now);
  return plan.action !== 'complete' && !('fwd' in plan && plan.fwd === 'partial');
}

function isAuthorized({ facts }: CacheRequest): boolean {
  return facts.field('authorization') !== undefined;
}

function hasCookies({ facts }: CacheRequest): boolean {
  return facts.field('cookie') !== undefined;
}

// Whether answers are shared differs for those who send credentials.
function classOf(request: CacheRequest): string {
  if (isAuthorized(request)) return `${request.key} authorized`;
  return hasCookies(request) ? `${request.key} cookies` : request.key;
}

/** Whom a refusal of the origin is about: all of a service whose budget is its own, or requests that look the same. */
function refusedFor(request: CacheRequest): Refused {
  const { service, key, hasOwnBudget } = request;
  return { service: hasOwnBudget ? service : null, likeness: () => `${key} ${request.likeness()}` };
}
