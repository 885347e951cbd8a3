import type { Background } from '../background.ts';
import type { Clock } from '../clock.ts';
import type { ResponseFacts } from '../engine/assessment.ts';
import { type Candidate, decide, mayServeStaleOnError, type Plan } from '../engine/decision.ts';
import { invalidatedUris } from '../engine/invalidation.ts';
import { variantKey } from '../engine/selection.ts';
import { isNotModified, notModifiedFields } from '../engine/validation.ts';
import { type FieldList, fieldValue } from '../http/fields.ts';
import type { RequestObserver, StoreObserver } from '../observe/observer.ts';
import type { CacheOutcome } from '../observe/outcome.ts';
import type { StoreKeys } from '../store/keys.ts';
import { type Reading, storeFailure } from '../store/reading.ts';
import type { MaybePromise, Store } from '../store/store.ts';
import type { CacheAnswer, CacheRequest, FetchedResponse } from './cache-request.ts';
import type { StoredEntry } from './entry.ts';
import { type Arriving, Fill, type Landing } from './fill.ts';
import { createFills } from './fills.ts';
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
   * that fails where RFC 5861 and the policy allow it.
   * @throws CachegateError `ERR_ORIGIN_*` when there is nothing to answer with
   */
  respond(request: CacheRequest, reading: Reading): MaybePromise<CacheAnswer>;
}

// What RFC 5861 §4 calls an error.
const FAILURES: ReadonlySet<number> = new Set([500, 502, 503, 504]);

type Forward = Extract<Plan, { action: 'forward' | 'validate' }>;

/** An HTTP cache on a store (RFC 9111): the engine decides, this carries it out. */
export function createResponseCache(options: ResponseCacheOptions): ResponseCache {
  const { store, clock, background, observer } = options;
  const lookup = createLookup(store, options.keys);
  const save = createSaver(options);
  const fills = createFills();

  function carryOut(request: CacheRequest, found: Found): MaybePromise<CacheAnswer> {
    const now = clock.now();
    const selected = found.entry ?? (found.variants === null ? null : 'vary-miss');
    const plan = decide(request.facts, selected, now);
    switch (plan.action) {
      case 'reuse':
        if (plan.revalidateInBackground) revalidate(request, found);
        return fromEntry(request, found.entry!, now);
      case 'validate':
      case 'forward':
        return plan.action === 'forward' && !plan.mayStore
          ? passThrough(request, plan)
          : fetchAndStore(request, plan, found);
      case 'unsatisfied':
        return {
          status: 504,
          fields: [],
          body: null,
          outcome: { hit: false, fwd: 'miss', detail: 'only-if-cached' },
        };
    }
  }

  /** Forwards a request whose response is nobody else's (RFC 9111 §4); an unsafe one invalidates (§4.4). */
  async function passThrough(request: CacheRequest, plan: Forward): Promise<CacheAnswer> {
    const response = await request.forward({ conditions: [], whole: false, signal: request.signal });
    const uris = invalidatedUris(request.facts.method, response.status, response.fields, request.targetUri);
    const keys = uris.map((uri) => request.keyOf(uri)).filter((key) => key !== null);
    if (keys.length > 0) await invalidate(request, keys);
    return forwarded(request, response, plan);
  }

  async function invalidate(request: CacheRequest, keys: readonly string[]): Promise<void> {
    for (const key of keys) fills.outdate(key);
    try {
      await store.delete(keys);
    } catch (error) {
      observer.storeFailed?.('response cache', 'write', storeFailure(error), request);
    }
  }

  /** By another request's response where one is on its way and fits; else the origin is asked. */
  async function fetchAndStore(request: CacheRequest, plan: Forward, found: Found): Promise<CacheAnswer> {
    const tried = new Set<Fill>();
    for (;;) {
      const fill = fills.joinable(request.key, tried);
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
    return mayReuse(request, landing, now) ? arriving(request, landing, plan, { collapsed: true }) : null;
  }

  function mayReuse(request: CacheRequest, candidate: Candidate, now: number): boolean {
    return decide(request.facts, candidate, now).action === 'reuse';
  }

  /** Goes to the origin; whoever comes meanwhile may join. */
  async function lead(request: CacheRequest, plan: Forward, found: Found): Promise<CacheAnswer> {
    const landing = await begin(request, plan, found).wait(request.signal);
    switch (landing.kind) {
      case 'validated':
        return validated(request, landing.entry, plan, landing.storable);
      case 'arriving':
        return arriving(request, landing, plan, { stored: !found.away });
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

  /** A stale response in place of an origin's failure (RFC 5861 §4); `null` where none may be. */
  function standIn(request: CacheRequest, status: number | null, found: Found): CacheAnswer | null {
    if (found.entry === null || (status !== null && !FAILURES.has(status))) return null;
    const now = clock.now();
    if (!mayServeStaleOnError(request.facts, found.entry, now)) return null;
    return fromEntry(request, found.entry, now);
  }

  function begin(request: CacheRequest, plan: Forward, found: Found): Fill {
    const fill = new Fill(request, plan.action === 'validate' ? found.entry : null);
    fills.add(request.key, fill);
    const close = () => fills.remove(request.key, fill);
    // Open until it is stored, so that a request that looked before finds it here.
    const accepted = background.run(() => keep(request, fill, found).finally(close));
    if (!accepted) void fill.landing.then(close);
    return fill;
  }

  async function keep(request: CacheRequest, fill: Fill, found: Found): Promise<void> {
    const landing = await fill.landing;
    if (landing.kind === 'validated') {
      const { entry, storable } = landing;
      if (!storable) await invalidate(request, [request.key]);
      else if (!fill.outdated) await save(request, entry.response, entry.assessment, found.variants);
    } else if (landing.kind === 'arriving') {
      const body = await landing.body.whole;
      if (body === null || fill.outdated || !lengthAgrees(landing, body)) return;
      await save(request, { ...landing.response, body }, landing.assessment, found.variants);
    }
  }

  function revalidate(request: CacheRequest, found: Found): void {
    if (fills.has(request.key)) return;
    const fill = begin(request, { action: 'validate', fwd: 'stale' }, found);
    background.run(async () => {
      const landing = await fill.wait(null);
      if (landing.kind === 'failed') observer.originFailed?.(request.service, landing.error, request);
      if (landing.kind === 'unshared') landing.response.body.destroy();
    });
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

function fromEntry(request: CacheRequest, entry: StoredEntry, now: number): CacheAnswer {
  const { fields, outcome } = entry.hitFields(now);
  return ofEntry(request, entry, fields, outcome);
}

/** An origin's 304 to our own condition: the client gets the freshened response, and learns what happened. */
function validated(request: CacheRequest, entry: StoredEntry, plan: Forward, stored: boolean): CacheAnswer {
  const outcome: CacheOutcome = { hit: false, fwd: plan.fwd, fwdStatus: 304, ...(stored && { stored }) };
  return ofEntry(request, entry, request.present(entry.response.fields), outcome);
}

function ofEntry(
  request: CacheRequest,
  { status, response }: StoredEntry,
  fields: FieldList,
  outcome: CacheOutcome,
): CacheAnswer {
  return notModified(request, response, fields, outcome) ?? { status, fields, body: response.body, outcome };
}

function arriving(
  request: CacheRequest,
  { response, body }: Arriving,
  plan: Forward,
  { stored = false, collapsed = false },
): CacheAnswer {
  const { status } = response;
  const outcome: CacheOutcome = {
    hit: false,
    fwd: plan.fwd,
    fwdStatus: status,
    ...(stored && { stored }),
    ...(collapsed && { collapsed }),
  };
  const fields = request.present(response.fields);
  const unchanged = notModified(request, response, fields, outcome);
  return unchanged ?? { status, fields, body: request.headOnly ? null : body.read(), outcome };
}

/** The 304 for a client whose own condition says that it has the response; else `null`. */
function notModified(
  request: CacheRequest,
  response: ResponseFacts,
  fields: FieldList,
  outcome: CacheOutcome,
): CacheAnswer | null {
  if (!isNotModified(request.facts, response)) return null;
  return { status: 304, fields: notModifiedFields(fields), body: null, outcome };
}

function forwarded(request: CacheRequest, response: FetchedResponse, plan: Forward): CacheAnswer {
  const outcome: CacheOutcome = { hit: false, fwd: plan.fwd, fwdStatus: response.status };
  return { status: response.status, fields: request.present(response.fields), body: response.body, outcome };
}

// undici refuses a body that is not as long as it says; what is stored is checked all the same.
function lengthAgrees({ response }: Arriving, body: Buffer): boolean {
  const declared = fieldValue(response.fields, 'content-length');
  return declared === undefined || Number(declared) === body.length;
}
