import { type CacheControl, parseCacheControl } from '../http/cache-control.ts';
import type { ForwardReason } from '../http/cache-status.ts';
import type { Assessment } from './assessment.ts';
import type { RequestFacts, ResponseFacts } from './facts.ts';
import { currentAgeMs, hasValidator, remainingFreshnessMs } from './freshness.ts';
import { missingRange, type Part, portionOfPart } from './portion.ts';

/** What a cache is to do with a request. Always one of the same few frozen objects: deciding allocates nothing. */
export type Plan =
  /** Answer with the stored response; `stale` where it is allowed to be. */
  | { readonly action: 'reuse'; readonly stale: boolean; readonly revalidateInBackground: boolean }
  /** Ask the origin, with the stored response's validators as conditions (RFC 9111 §4.3). */
  | { readonly action: 'validate'; readonly fwd: 'request' | 'stale' }
  | { readonly action: 'forward'; readonly fwd: ForwardReason; readonly mayStore: boolean }
  /** Ask the origin for what is missing of a stored part (RFC 9111 §3.3, §3.4). */
  | { readonly action: 'complete'; readonly fwd: 'partial' }
  /** Answer 504: the client wants a stored response or none (RFC 9111 §5.2.1.7). */
  | { readonly action: 'unsatisfied' };

/** A stored response that the request selects. */
export interface Candidate {
  readonly assessment: Assessment;
  readonly response: ResponseFacts;
}

/** What a look-up found; `vary-miss` when there are stored responses of the resource, but none for this request. */
export type Selected = Candidate | 'vary-miss' | null;

/** Decides how a request is answered (RFC 9111 §4). */
export function decide(request: RequestFacts, selected: Selected, now: number): Plan {
  if (!isUnderstood(request)) return METHOD;
  const asked = askedOf(request);
  if (selected === null || selected === 'vary-miss') return elsewhere(request, selected ?? 'uri-miss', asked);
  const { assessment } = selected;
  if (assessment.part !== null && portionOfPart(request, selected.response, assessment.part) === null) {
    return lacking(request, asked, assessment.part);
  }
  if (isGuessForCookies(request, assessment)) {
    return elsewhere(request, 'stale', asked, assessment);
  }
  const reuse = asked === undefined ? reuseAsStored(assessment, now) : reuseAsAsked(assessment, asked, now);
  if (reuse !== null) return reuse;
  return elsewhere(request, isFresh(assessment, now) ? 'request' : 'stale', asked, assessment);
}

/**
 * Whether a stored response may take the place of an error (`stand-in.ts` says which), or of no answer at all (RFC 5861
 * §4, within RFC 9111 §4.2.4).
 */
export function mayServeStaleOnError(request: RequestFacts, stored: Candidate, now: number): boolean {
  const { assessment } = stored;
  const asked = askedOf(request);
  if (assessment.noCache || (asked !== undefined && asked.noCache !== false)) return false;
  if (isGuessForCookies(request, assessment)) return false;
  const stalenessMs = -remainingFreshnessMs(assessment, now);
  const askedMs = assessment.mustRevalidate ? 0 : (asked?.staleIfErrorSeconds ?? 0) * 1000;
  return stalenessMs < Math.max(assessment.staleIfErrorMs, askedMs);
}

/**
 * Whether a stored response may answer a request that the origin gave no answer to at all: a cache that is disconnected
 * may serve it stale where nothing forbids that (RFC 9111 §4.2.4).
 */
export function mayServeStaleDisconnected(request: RequestFacts, stored: Candidate, now: number): boolean {
  const { assessment } = stored;
  if (assessment.noCache || refusesStale(request) || isGuessForCookies(request, assessment)) return false;
  return -remainingFreshnessMs(assessment, now) < assessment.staleIfDisconnectedMs;
}

/**
 * Whether an answer to another request could be this one's too: not when it asks for validation, or for a response that
 * nobody has had to wait for (RFC 9111 §5.2.1.1, §5.2.1.4).
 */
export function mayTakeAnothers(request: RequestFacts): boolean {
  const asked = askedOf(request);
  return asked === undefined || (asked.noCache === false && asked.maxAgeSeconds !== 0);
}

// Nothing but a guess says that a response is shared with those who send cookies; in `safe` mode that is not enough.
function isGuessForCookies(request: RequestFacts, { heuristic }: Assessment): boolean {
  return heuristic && request.field('cookie') !== undefined;
}

// Who asks for validation, or for a response younger than some age, wants no stale one (RFC 9111 §5.2.1).
function refusesStale(request: RequestFacts): boolean {
  const asked = askedOf(request);
  if (asked === undefined) return false;
  return asked.noCache !== false || asked.maxAgeSeconds !== undefined || asked.minFreshSeconds !== undefined;
}

// GET, HEAD as a GET without content, and what a service keys by its content.
function isUnderstood(request: RequestFacts): boolean {
  return request.method === 'GET' || request.method === 'HEAD' || request.contentKeyed === true;
}

/** The directives of a request, if it has any. */
function askedOf(request: RequestFacts): CacheControl | undefined {
  const value = request.field('cache-control');
  if (value !== undefined) return parseCacheControl(value);
  // Deprecated, and counts only where there is no Cache-Control (RFC 9111 §5.4).
  const pragma = request.field('pragma');
  return pragma !== undefined && parseCacheControl(pragma).noCache !== false ? NO_CACHE : undefined;
}

/** RFC 9111 §4.2, and RFC 5861 §3 for a stale one. */
function reuseAsStored(assessment: Assessment, now: number): Plan | null {
  if (assessment.noCache) return null;
  const remainingMs = remainingFreshnessMs(assessment, now);
  if (remainingMs > 0) return REUSE;
  return -remainingMs < assessment.staleWhileRevalidateMs ? REUSE_AND_REVALIDATE : null;
}

/** The same within what the request's directives allow (RFC 9111 §5.2.1). */
function reuseAsAsked(assessment: Assessment, asked: CacheControl, now: number): Plan | null {
  if (asked.noCache !== false || isTooOld(assessment, asked, now)) return null;
  const remainingMs = remainingFreshnessMs(assessment, now);
  if (asked.minFreshSeconds !== undefined && remainingMs < asked.minFreshSeconds * 1000) return null;
  // Who names a greatest age wants nothing stale, unless he says how stale (§5.2.1.1).
  const acceptsStale = asked.maxAgeSeconds === undefined || asked.maxStaleSeconds !== undefined;
  if (remainingMs <= 0 && !acceptsStale) return null;
  // Nor does the response's own window hold for who says how stale at most (§5.2.1.2).
  if (asked.maxStaleSeconds !== undefined && -remainingMs > asked.maxStaleSeconds * 1000) return null;
  return reuseAsStored(assessment, now) ?? reuseWithinMaxStale(assessment, asked, -remainingMs);
}

function isTooOld(assessment: Assessment, asked: CacheControl, now: number): boolean {
  if (asked.maxAgeSeconds === undefined) return false;
  // A reload's max-age=0 is no reason to validate what does not change while fresh (RFC 8246 §2).
  if (assessment.immutable && isFresh(assessment, now)) return false;
  return currentAgeMs(assessment, now) > asked.maxAgeSeconds * 1000;
}

/** RFC 9111 §5.2.1.2. */
function reuseWithinMaxStale(assessment: Assessment, asked: CacheControl, stalenessMs: number): Plan | null {
  if (asked.maxStaleSeconds === undefined || assessment.mustRevalidate || assessment.noCache) return null;
  return stalenessMs <= asked.maxStaleSeconds * 1000 ? REUSE_STALE : null;
}

function isFresh(assessment: Assessment, now: number): boolean {
  return !assessment.noCache && remainingFreshnessMs(assessment, now) > 0;
}

/** A stored part does not hold what is asked for. */
function lacking(request: RequestFacts, asked: CacheControl | undefined, part: Part): Plan {
  const isWholeWanted = request.method === 'GET' && request.field('range') === undefined;
  const isPlain = asked === undefined || (asked.noCache === false && !asked.noStore && !asked.onlyIfCached);
  if (isWholeWanted && isPlain && missingRange(part) !== null) return COMPLETE;
  return elsewhere(request, 'partial', asked);
}

type Elsewhere = 'uri-miss' | 'vary-miss' | 'request' | 'stale' | 'partial';

function elsewhere(
  request: RequestFacts,
  fwd: Elsewhere,
  asked: CacheControl | undefined,
  assessment?: Assessment,
): Plan {
  if (asked?.onlyIfCached) return UNSATISFIED;
  // Freshening would store something of this exchange (RFC 9111 §5.2.1.5).
  if (asked?.noStore) return UNSTORED[fwd];
  // A condition on other methods is a precondition (RFC 9110 §13.2.1), no question whether something is still right.
  if (assessment !== undefined && hasValidator(assessment) && request.contentKeyed !== true)
    return fwd === 'request' ? VALIDATE_ASKED : VALIDATE_STALE;
  return request.method !== 'HEAD' ? STORED[fwd] : UNSTORED[fwd];
}

const NO_CACHE = Object.freeze(parseCacheControl('no-cache'));

const REUSE = plan({ action: 'reuse', stale: false, revalidateInBackground: false });
const REUSE_STALE = plan({ action: 'reuse', stale: true, revalidateInBackground: false });
const REUSE_AND_REVALIDATE = plan({ action: 'reuse', stale: true, revalidateInBackground: true });
const VALIDATE_STALE = plan({ action: 'validate', fwd: 'stale' });
const VALIDATE_ASKED = plan({ action: 'validate', fwd: 'request' });
const METHOD = plan({ action: 'forward', fwd: 'method', mayStore: false });
const COMPLETE = plan({ action: 'complete', fwd: 'partial' });
const UNSATISFIED = plan({ action: 'unsatisfied' });
const STORED = forwards(true);
const UNSTORED = forwards(false);

function plan(value: Plan): Plan {
  return Object.freeze(value);
}

function forwards(mayStore: boolean): Readonly<Record<Elsewhere, Plan>> {
  const forward = (fwd: Elsewhere) => plan({ action: 'forward', fwd, mayStore });
  return {
    'uri-miss': forward('uri-miss'),
    'vary-miss': forward('vary-miss'),
    request: forward('request'),
    stale: forward('stale'),
    partial: forward('partial'),
  };
}
