import type { Background } from '../background.ts';
import type { Clock } from '../clock.ts';
import {
  type Candidate,
  decide,
  mayServeStaleDisconnected,
  mayServeStaleOnError,
  type Plan,
} from '../engine/decision.ts';
import { variantKey } from '../engine/selection.ts';
import type { RequestObserver } from '../observe/observer.ts';
import type { Store } from '../store/store.ts';
import type { ByteBudget } from './byte-budget.ts';
import {
  type Forward,
  fromArriving,
  fromElsewhere,
  fromEntry,
  held,
  unsharedAnswer,
  validated,
} from './cache-answers.ts';
import type { CacheAnswer, CacheRequest } from './cache-request.ts';
import {
  type Arriving,
  type Elsewhere,
  Fill,
  type FillPurpose,
  type Landing,
  type Validated,
} from './fill.ts';
import { createFills, type FollowedExchange } from './fills.ts';
import type { Keeper } from './keeper.ts';
import { ANYONE, type Found } from './lookup.ts';
import { type Approach, foundBy, type Open, type Opening } from './opening.ts';
import { createOriginHolds, type Refused } from './origin-holds.ts';
import type { Planned } from './planner.ts';
import { createUnsharedKeys, UNSHARED_MS } from './unshared-keys.ts';

export interface CollapsedForwardingOptions {
  readonly store: Store;
  readonly open: Open;
  readonly keeper: Keeper;
  readonly clock: Clock;
  readonly background: Background;
  readonly budget: ByteBudget;
  readonly observer: RequestObserver;
  readonly unheardMs?: number;
}

/** Asks origins, once for all requests that one response can answer: in this process, and in all that share the store. */
export interface CollapsedForwarding {
  /**
   * Answers by another request's response where one is on its way and fits; else the origin is asked.
   * @throws CachegateError `ERR_ORIGIN_*` when there is nothing to answer with
   */
  fetch(request: CacheRequest, planned: Planned<Forward>): Promise<CacheAnswer>;
  /** Validates a stored response behind its answer, unless that is under way. */
  revalidate(request: CacheRequest, planned: Planned): void;
  /** What is under way for a resource has become older than the resource, and is neither stored nor shared. */
  outdate(key: string): void;
  /** What is under way for any resource may be older than it: nobody who comes from now on waits for it. */
  seal(): void;
  /** Follows an exchange that is no fill, until it ends. */
  follow(key: string): FollowedExchange;
}

// For so long a drop that waits for those who hear nothing waits, so that what was begun since is not older.
const UNHEARD_MS = 1_000;

// What RFC 5861 §4 calls an error; and a spent budget (RFC 6585 §4), which is no better an answer.
const FAILURES: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

export function createCollapsedForwarding(options: CollapsedForwardingOptions): CollapsedForwarding {
  const { open, keeper, clock, background, budget, observer } = options;
  const fills = createFills();
  const unshared = createUnsharedKeys();
  const holds = createOriginHolds();
  options.store.listen({ dropped: fills.outdate, tagDropped: fills.seal, lost: fills.seal });

  async function fetch(request: CacheRequest, planned: Planned<Forward>): Promise<CacheAnswer> {
    const { plan, found } = planned;
    const isKnown = unshared.find(classOf(request), clock.now()) !== null;
    if (isKnown || isForRanges(request, plan)) return lead(request, planned, alone(request, plan));
    const credentialed = isAuthorized(request);
    // What it says is for nobody who asks for content.
    const isHead = request.facts.method === 'HEAD';
    const tried = new Set<Fill>();
    let nominated = found.variants?.nominated[0] ?? [];
    for (;;) {
      const fill = fills.joinable(
        request.key,
        tried,
        credentialed,
        joinableSince(request),
        alikeIn(request, nominated),
      );
      if (fill === null)
        return lead(request, planned, { stores: true, nominated: isHead ? null : nominated });
      tried.add(fill);
      const landing = await fill.wait(request.signal);
      if (fill.outdated || landing.kind === 'left') continue;
      const shared = share(request, landing, plan);
      if (shared !== null) return shared;
      // Nobody queues for what was not shareable; only the request's own variant may still be on its way.
      if (!isSelection(landing) || selects(request, landing))
        return lead(request, planned, alone(request, plan));
      nominated = landing.selection.nominated;
    }
  }

  /** What was begun before may have been dropped since, unheard here. */
  function joinableSince({ key }: CacheRequest): number {
    return options.store.hearsDrops(key) ? 0 : performance.now() - (options.unheardMs ?? UNHEARD_MS);
  }

  /** For itself; what hardly anybody could be answered with is not even prepared to be stored. */
  function alone(request: CacheRequest, plan: Forward): Approach {
    const known = unshared.find(classOf(request), clock.now());
    return { stores: known === null || known.storable || plan.action !== 'forward', nominated: null };
  }

  /** Another request's response, if this request can be answered by it. */
  function share(request: CacheRequest, landing: Landing, plan: Forward): CacheAnswer | null {
    if (!isSelection(landing) || !selects(request, landing)) return null;
    const now = clock.now();
    if (landing.kind === 'arriving') {
      if (!landing.body.joinable || !mayReuse(request, landing, now)) return null;
      return fromArriving(request, landing, plan, { fields: landing.sharedFields, collapsed: true });
    }
    const { entry } = landing;
    const hasBody = entry.body !== null || request.headOnly;
    if (!hasBody || !mayReuse(request, entry, now)) return null;
    if (landing.kind === 'elsewhere') return fromElsewhere(request, entry, plan, now);
    return landing.storable ? fromEntry(request, entry, now) : null;
  }

  function mayReuse(request: CacheRequest, candidate: Candidate, now: number): boolean {
    return decide(request.facts, candidate, now).action === 'reuse';
  }

  /** Goes to the origin, unless that asked to be left alone; whoever comes meanwhile may join. */
  async function lead(
    request: CacheRequest,
    planned: Planned<Forward>,
    approach: Approach,
  ): Promise<CacheAnswer> {
    const { plan } = planned;
    const hold = holds.find(refusedFor(request), clock.now());
    if (hold !== null) return standIn(request, null, planned.found) ?? held(hold, clock.now());
    const fill = begin(request, planned, approach);
    const landing = await fill.wait(request.signal);
    const stored = fill.fence !== null;
    const found = foundBy(fill.opening, planned.found);
    switch (landing.kind) {
      case 'validated': {
        const { entry, storable, ownFields } = landing;
        return validated(request, entry, plan, { stored: storable && stored, ownFields });
      }
      case 'arriving':
        return fromArriving(request, landing, plan, { fields: landing.response.fields, stored });
      case 'elsewhere': {
        const now = clock.now();
        if (!landing.waited) return fromEntry(request, landing.entry, now);
        return fromElsewhere(request, landing.entry, plan, now);
      }
      case 'unshared': {
        const stale = standIn(request, landing.response.status, found);
        if (stale === null) return unsharedAnswer(request, landing.response, plan);
        landing.response.body.destroy();
        return stale;
      }
      case 'left':
        throw new Error('a request was left to another process');
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

  function begin(request: CacheRequest, planned: Planned, approach: Approach): Fill {
    const fill = new Fill(request, {
      joinable: !isForRanges(request, planned.plan) && request.facts.method !== 'HEAD',
      open: (signal) => openFor(request, planned, approach, signal),
      purposeOf: ({ plan, found }) => purposeOf(request, plan, found),
      budget,
    });
    fills.add(request.key, fill);
    const close = () => {
      fills.remove(request.key, fill);
      fill.release();
    };
    void fill.landing.then((landing) => remember(request, fill, landing));
    // Open until it is stored, so that a request that looked before finds it here.
    const accepted = background.run(() => keep(request, fill).finally(close));
    if (!accepted) void fill.landing.then(close);
    return fill;
  }

  /** What other processes have found out of the answers to come is known here from then on too. */
  async function openFor(
    request: CacheRequest,
    planned: Planned,
    approach: Approach,
    signal: AbortSignal,
  ): Promise<Opening> {
    const opening = await open(request, planned, approach, signal);
    const barredMs = opening.kind === 'begun' ? opening.barredMs : 0;
    if (barredMs > 0) unshared.noteBar(classOf(request), barredMs, clock.now());
    return opening;
  }

  async function keep(request: CacheRequest, fill: Fill): Promise<void> {
    await keeper.keep(request, fill);
    const landing = await fill.landing;
    // Whoever asks next for what another process is at would only be told so again.
    if (landing.kind === 'left') await landing.over;
    // It was broken off or too long, as it will be again; nobody is to wait for that.
    const isLost = landing.kind === 'arriving' && (await landing.body.whole) === null;
    if (isLost && !fill.abandoned) fill.release(UNSHARED_MS);
  }

  /** What a landing says of the requests to come. */
  function remember(request: CacheRequest, fill: Fill, landing: Landing): void {
    if (landing.kind === 'left') return;
    const now = clock.now();
    if (fill.joinable && !fill.abandoned) {
      if (isShareable(landing, now)) unshared.forget(classOf(request));
      else if (!isClientsFault(landing)) {
        unshared.note(classOf(request), isStorable(landing), now);
        fill.release(UNSHARED_MS);
      }
    }
    if (landing.kind !== 'unshared') return;
    const { status, fields } = landing.response;
    holds.note(refusedFor(request), status, fields, request.retryAfterLimitMs, now);
  }

  function revalidate(request: CacheRequest, planned: Planned): void {
    if (fills.has(request.key) || holds.find(refusedFor(request), clock.now()) !== null) return;
    const nominated = planned.found.variants?.nominated[0] ?? [];
    const fill = begin(request, planned, { stores: true, nominated, inBackground: true });
    // Owned by the fill, whose landing never rejects.
    void fill.wait(null).then((landing) => {
      if (landing.kind === 'failed') observer.originFailed?.(request.service, landing.error, request);
      if (landing.kind === 'unshared') landing.response.body.destroy();
    });
  }

  return { fetch, revalidate, outdate: fills.outdate, seal: fills.seal, follow: fills.follow };
}

/** Whether a request that asks for nothing special could be answered by it. */
function isShareable(landing: Landing, now: number): boolean {
  if (!isSelection(landing) || (landing.kind === 'validated' && !landing.storable)) return false;
  if (landing.kind === 'elsewhere') return true;
  return decide(ANYONE, landing.kind === 'arriving' ? landing : landing.entry, now).action === 'reuse';
}

// What one client did wrong says nothing of the answers to others.
function isClientsFault(landing: Landing): boolean {
  return landing.kind === 'unshared' && landing.response.status >= 400 && landing.response.status <= 499;
}

// A failure says nothing of what comes in its place; only what was meant for one client alone does.
function isStorable(landing: Landing): boolean {
  return landing.kind !== 'unshared' || landing.response.status >= 400;
}

type Selected = Arriving | Validated | Elsewhere;

function isSelection(landing: Landing): landing is Selected {
  return landing.kind === 'arriving' || landing.kind === 'validated' || landing.kind === 'elsewhere';
}

function selects(request: CacheRequest, { selection }: Selected): boolean {
  return variantKey(selection.nominated, request.facts) === selection.variant;
}

/** Whether a fill's request has the same values in these fields, so that both select the same response. */
function alikeIn({ facts }: CacheRequest, nominated: readonly string[]): (fill: Fill) => boolean {
  if (nominated.length === 0) return () => true;
  const own = variantKey(nominated, facts);
  return (fill) => variantKey(nominated, fill.facts) === own;
}

function purposeOf(request: CacheRequest, plan: Plan, { entry }: Found): FillPurpose {
  if (plan.action === 'complete') return { kind: 'complete', stored: entry! };
  // What may still be sent is validated behind its answer, if its method has conditions for that.
  const mayAsk = plan.action === 'reuse' && request.facts.contentKeyed !== true;
  if (mayAsk || plan.action === 'validate') return { kind: 'validate', stored: entry! };
  return isForRanges(request, plan) ? { kind: 'ranges' } : { kind: 'whole' };
}

// A stored response that is validated, or a part that is completed, is had as a whole; else only the ranges are fetched.
function isForRanges({ facts }: CacheRequest, plan: Plan): boolean {
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
