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
import { type Forward, forwarded, fromArriving, fromEntry, held, validated } from './cache-answers.ts';
import type { CacheAnswer, CacheRequest } from './cache-request.ts';
import { Fill, type FillPurpose, type Landing } from './fill.ts';
import { createFills } from './fills.ts';
import type { Keeper } from './keeper.ts';
import type { Found } from './lookup.ts';
import { createOriginHolds } from './origin-holds.ts';
import { createUnsharedKeys } from './unshared-keys.ts';

export interface CollapsedForwardingOptions {
  readonly keeper: Keeper;
  readonly clock: Clock;
  readonly background: Background;
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
}

// What RFC 5861 §4 calls an error; and a spent budget (RFC 6585 §4), which is no better an answer.
const FAILURES: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

export function createCollapsedForwarding(options: CollapsedForwardingOptions): CollapsedForwarding {
  const { keeper, clock, background, observer } = options;
  const fills = createFills();
  const unshared = createUnsharedKeys();
  const holds = createOriginHolds();

  async function fetch(request: CacheRequest, plan: Forward, found: Found): Promise<CacheAnswer> {
    if (unshared.has(classOf(request), clock.now()) || isForRanges(request, plan)) {
      return lead(request, plan, found);
    }
    const credentialed = isAuthorized(request);
    const tried = new Set<Fill>();
    for (;;) {
      const fill = fills.joinable(request.key, tried, credentialed);
      if (fill === null) return lead(request, plan, found);
      tried.add(fill);
      const landing = await fill.wait(request.signal);
      const shared = share(request, fill, landing, plan);
      if (shared !== null) return shared;
      // Nobody shares what was not shareable; only another variant may still be on its way.
      if (landing.kind !== 'arriving') return lead(request, plan, found);
    }
  }

  /** Another request's response, if this request can be answered by it. */
  function share(request: CacheRequest, fill: Fill, landing: Landing, plan: Forward): CacheAnswer | null {
    if (fill.outdated) return null;
    const now = clock.now();
    if (landing.kind === 'validated') {
      const { entry, storable } = landing;
      return storable && mayReuse(request, entry, now) ? fromEntry(request, entry, now) : null;
    }
    if (landing.kind !== 'arriving' || !landing.body.joinable) return null;
    if (variantKey(landing.nominated, request.facts) !== landing.variant) return null;
    if (!mayReuse(request, landing, now)) return null;
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
        if (stale === null) return forwarded(request, landing.response, plan);
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
    const fill = new Fill(request, purpose);
    fills.add(request.key, fill);
    const close = () => fills.remove(request.key, fill);
    void fill.landing.then((landing) => remember(request, landing));
    // Open until it is stored, so that a request that looked before finds it here.
    const accepted = background.run(() => keeper.keep(request, fill, found).finally(close));
    if (!accepted) void fill.landing.then(close);
    return fill;
  }

  /** What a landing says of the requests to come. */
  function remember(request: CacheRequest, landing: Landing): void {
    const now = clock.now();
    if (landing.kind === 'arriving' || landing.kind === 'validated') {
      unshared.forget(classOf(request));
      return;
    }
    if (request.facts.method !== 'HEAD') unshared.note(classOf(request), now);
    if (landing.kind === 'failed') return;
    const { status, fields } = landing.response;
    holds.note(refusedFor(request), status, fields, request.retryAfterLimitMs, now);
  }

  function revalidate(request: CacheRequest, found: Found): void {
    const entry = found.entry!;
    if (fills.has(request.key) || holds.find(refusedFor(request), clock.now()) !== null) return;
    const purpose: FillPurpose =
      request.facts.contentKeyed === true ? { kind: 'whole' } : { kind: 'validate', stored: entry };
    const fill = begin(request, purpose, found);
    background.run(async () => {
      const landing = await fill.wait(null);
      if (landing.kind === 'failed') observer.originFailed?.(request.service, landing.error, request);
      if (landing.kind === 'unshared') landing.response.body.destroy();
    });
  }

  return { fetch, revalidate, outdate: fills.outdate };
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

// Whether answers are shared differs for those who send credentials.
function classOf(request: CacheRequest): string {
  return isAuthorized(request) ? `${request.key} authorized` : request.key;
}

function refusedFor(request: CacheRequest) {
  const { service, key, facts } = request;
  return { service, key, credentialed: isAuthorized(request) || facts.field('cookie') !== undefined };
}
