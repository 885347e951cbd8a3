import type { Background } from '../background.ts';
import type { Clock } from '../clock.ts';
import { type Candidate, decide, type Plan } from '../engine/decision.ts';
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
import { Fill, type FillPurpose, type Landing } from './fill.ts';
import { createFills, type FollowedExchange } from './fills.ts';
import type { Keeper } from './keeper.ts';
import { alikeIn, isClientsFault, isSelection, isShareable, isStorable, selects } from './landings.ts';
import type { Found } from './lookup.ts';
import { type Approach, foundBy, type Open, type Opening } from './opening.ts';
import { isHeldBack } from './origin-error.ts';
import { createOriginHolds } from './origin-holds.ts';
import type { Planned } from './planner.ts';
import { classOf, isAuthorized, refusedFor } from './request-class.ts';
import { createStandIn, type StandIn } from './stand-in.ts';
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
  /** What `fetch` would do, without doing it. */
  foresee(request: CacheRequest, planned: Planned<Forward>): Foreseen;
  /** Validates a stored response behind its answer, where that may be. */
  revalidate(request: CacheRequest, planned: Planned): void;
  /** Not where it is under way, or the origin is not to be asked now. */
  mayRevalidate(request: CacheRequest): boolean;
  /** What stands in for an origin that fails. */
  readonly standIn: StandIn;
  /** What is under way for a resource has become older than the resource, and is neither stored nor shared. */
  outdate(key: string): void;
  /** What is under way for any resource may be older than it: nobody who comes from now on waits for it. */
  seal(): void;
  /** Follows an exchange that is no fill, until it ends. */
  follow(key: string): FollowedExchange;
}

/** What a request for the origin's answer comes to. */
export type Foreseen =
  /** It waits for an answer that is on its way, and takes it if it fits. */
  | { readonly kind: 'joins' }
  /** The origin has asked to be left alone. */
  | { readonly kind: 'held'; readonly answer: CacheAnswer }
  | { readonly kind: 'asks' };

// For so long a drop that waits for those who hear nothing waits, so that what was begun since is not older.
const UNHEARD_MS = 1_000;

export function createCollapsedForwarding(options: CollapsedForwardingOptions): CollapsedForwarding {
  const { open, keeper, clock, background, budget, observer } = options;
  const fills = createFills();
  const unshared = createUnsharedKeys();
  const holds = createOriginHolds();
  const standIn = createStandIn(clock);
  /** By service: until then its origin's budget is spent, and what nobody waits for does not ask for it. */
  const spent = new Map<string, number>();
  options.store.listen({ dropped: fills.outdate, tagDropped: fills.seal, lost: fills.seal });

  async function fetch(request: CacheRequest, planned: Planned<Forward>): Promise<CacheAnswer> {
    const { plan, found } = planned;
    if (goesAlone(request, plan)) return lead(request, planned, alone(request, plan));
    // What it says is for nobody who asks for content.
    const isHead = request.facts.method === 'HEAD';
    const tried = new Set<Fill>();
    let nominated = nominatedIn(found);
    for (;;) {
      const fill = joinable(request, tried, nominated);
      if (fill === null)
        return lead(request, planned, { stores: true, nominated: isHead ? null : nominated });
      tried.add(fill);
      const landing = await fill.wait(request.signal);
      if (fill.outdated || landing.kind === 'left') continue;
      if (landing.kind === 'failed' && isHeldBack(landing.error)) {
        // What waited for nothing was refused at once; else this request has waited too.
        if (fill.inBackground) continue;
        return standIn(request, 'pause', found) ?? failWith(landing.error);
      }
      const shared = share(request, landing, plan);
      if (shared !== null) return shared;
      // Nobody queues for what was not shareable; only the request's own variant may still be on its way.
      if (!isSelection(landing) || selects(request, landing))
        return lead(request, planned, alone(request, plan));
      nominated = landing.selection.nominated;
    }
  }

  function foresee(request: CacheRequest, { plan, found }: Planned<Forward>): Foreseen {
    const isAlone = goesAlone(request, plan);
    if (!isAlone && joinable(request, new Set(), nominatedIn(found)) !== null) return { kind: 'joins' };
    const answer = heldOff(request, found);
    return answer === null ? { kind: 'asks' } : { kind: 'held', answer };
  }

  /** It neither waits for others nor they for it. */
  function goesAlone(request: CacheRequest, plan: Plan): boolean {
    return unshared.find(classOf(request), clock.now()) !== null || isForRanges(request, plan);
  }

  function joinable(request: CacheRequest, tried: ReadonlySet<Fill>, nominated: readonly string[]) {
    const since = joinableSince(request);
    return fills.joinable(request.key, tried, isAuthorized(request), since, alikeIn(request, nominated));
  }

  /** What there is to answer with while the origin wants to be left alone; `null`: it does not. */
  function heldOff(request: CacheRequest, found: Found): CacheAnswer | null {
    const hold = holds.find(refusedFor(request), clock.now());
    return hold === null ? null : (standIn(request, 'pause', found) ?? held(hold, clock.now()));
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
    if (landing.kind === 'validated' && !landing.storable) return null;
    return fromElsewhere(request, entry, plan, now);
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
    const instead = heldOff(request, planned.found);
    if (instead !== null) return instead;
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
        const isAsked = !isHeldBack(landing.error);
        const stale = standIn(request, isAsked ? 'silence' : 'pause', found);
        if (stale === null) throw landing.error;
        if (isAsked) observer.originFailed?.(request.service, landing.error, request);
        return stale;
      }
    }
  }

  function begin(request: CacheRequest, planned: Planned, approach: Approach): Fill {
    const fill = new Fill(request, {
      joinable: !isForRanges(request, planned.plan) && request.facts.method !== 'HEAD',
      open: (signal) => openFor(request, planned, approach, signal),
      purposeOf: ({ plan, found }) => purposeOf(request, plan, found),
      budget,
      inBackground: approach.inBackground === true,
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
    const saving = keeper.keep(request, fill);
    request.timing.saving = saving;
    await saving;
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
    if (landing.kind === 'failed' && isHeldBack(landing.error)) {
      // It says nothing of the answers to come.
      spent.set(request.service, now + landing.error.retryAfterMs);
      return;
    }
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

  function mayRevalidate(request: CacheRequest): boolean {
    const now = clock.now();
    if (fills.has(request.key) || now < (spent.get(request.service) ?? 0)) return false;
    return holds.find(refusedFor(request), now) === null;
  }

  function revalidate(request: CacheRequest, planned: Planned): void {
    if (!mayRevalidate(request)) return;
    const approach = { stores: true, nominated: nominatedIn(planned.found), inBackground: true };
    const fill = begin(request, planned, approach);
    // Owned by the fill, whose landing never rejects.
    void fill.wait(null).then((landing) => {
      if (landing.kind === 'failed') {
        // Clients come first; there is another chance with the next of them.
        if (isHeldBack(landing.error)) return;
        observer.originFailed?.(request.service, landing.error, request);
      }
      if (landing.kind === 'unshared') landing.response.body.destroy();
      const result = REVALIDATED[landing.kind];
      if (result !== null) observer.revalidated?.(request.service, result);
    });
  }

  const { outdate, seal, follow } = fills;
  return { fetch, foresee, revalidate, mayRevalidate, standIn, outdate, seal, follow };
}

// What another process does is its own to tell.
const REVALIDATED = {
  validated: 'not-modified',
  arriving: 'replaced',
  unshared: 'failed',
  failed: 'failed',
  elsewhere: null,
  left: null,
} as const;

function nominatedIn({ variants }: Found): readonly string[] {
  return variants?.nominated[0] ?? [];
}

/** @throws it */
function failWith(error: unknown): never {
  throw error;
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
