import { type CacheControl, parseCacheControl } from '../http/cache-control.ts';
import type { ForwardReason } from '../http/cache-status.ts';
import type { Assessment } from './assessment.ts';
import type { RequestFacts } from './facts.ts';
import { currentAgeMs, hasValidator, remainingFreshnessMs } from './freshness.ts';

/** What a cache is to do with a request. Always one of the same few frozen objects: deciding allocates nothing. */
export type Plan =
  /** Answer with the stored response; `stale` where it is allowed to be. */
  | { readonly action: 'reuse'; readonly stale: boolean; readonly revalidateInBackground: boolean }
  /** Ask the origin, with the stored response's validators as conditions (RFC 9111 §4.3). */
  | { readonly action: 'validate'; readonly fwd: 'request' | 'stale' }
  | { readonly action: 'forward'; readonly fwd: ForwardReason; readonly mayStore: boolean }
  /** Answer 504: the client wants a stored response or none (RFC 9111 §5.2.1.7). */
  | { readonly action: 'unsatisfied' };

/** A stored response that the request selects. */
export interface Candidate {
  readonly assessment: Assessment;
}

/** What a look-up found; `vary-miss` when there are stored responses of the resource, but none for this request. */
export type Selected = Candidate | 'vary-miss' | null;

/** Decides how a request is answered (RFC 9111 §4). */
export function decide(request: RequestFacts, selected: Selected, now: number): Plan {
  // Only GET is understood, and HEAD as a GET without content.
  if (request.method !== 'GET' && request.method !== 'HEAD') return METHOD;
  const asked = askedOf(request);
  // Parts are not cut from stored responses; whoever asks for one gets it from the origin.
  if (request.field('range') !== undefined) return asked?.onlyIfCached ? UNSATISFIED : BYPASS;
  if (selected === null || selected === 'vary-miss') return elsewhere(request, selected ?? 'uri-miss', asked);
  const { assessment } = selected;
  if (assessment.heuristic && request.field('cookie') !== undefined) {
    return elsewhere(request, 'stale', asked, assessment);
  }
  const reuse = asked === undefined ? reuseAsStored(assessment, now) : reuseAsAsked(assessment, asked, now);
  if (reuse !== null) return reuse;
  return elsewhere(request, isFresh(assessment, now) ? 'request' : 'stale', asked, assessment);
}

/**
 * Whether a stored response may take the place of an error: a 500, 502, 503 or 504 of the origin, or none of its
 * answers (RFC 5861 §4, within RFC 9111 §4.2.4).
 */
export function mayServeStaleOnError(request: RequestFacts, stored: Candidate, now: number): boolean {
  const { assessment } = stored;
  const asked = askedOf(request);
  if (assessment.noCache || (asked !== undefined && asked.noCache !== false)) return false;
  const stalenessMs = -remainingFreshnessMs(assessment, now);
  const askedMs = assessment.mustRevalidate ? 0 : (asked?.staleIfErrorSeconds ?? 0) * 1000;
  return stalenessMs < Math.max(assessment.staleIfErrorMs, askedMs);
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

type Elsewhere = 'uri-miss' | 'vary-miss' | 'request' | 'stale';

function elsewhere(
  request: RequestFacts,
  fwd: Elsewhere,
  asked: CacheControl | undefined,
  assessment?: Assessment,
): Plan {
  if (asked?.onlyIfCached) return UNSATISFIED;
  // Freshening would store something of this exchange (RFC 9111 §5.2.1.5).
  if (asked?.noStore) return UNSTORED[fwd];
  if (assessment !== undefined && hasValidator(assessment))
    return fwd === 'request' ? VALIDATE_ASKED : VALIDATE_STALE;
  return request.method === 'GET' ? STORED[fwd] : UNSTORED[fwd];
}

const NO_CACHE = Object.freeze(parseCacheControl('no-cache'));

const REUSE = plan({ action: 'reuse', stale: false, revalidateInBackground: false });
const REUSE_STALE = plan({ action: 'reuse', stale: true, revalidateInBackground: false });
const REUSE_AND_REVALIDATE = plan({ action: 'reuse', stale: true, revalidateInBackground: true });
const VALIDATE_STALE = plan({ action: 'validate', fwd: 'stale' });
const VALIDATE_ASKED = plan({ action: 'validate', fwd: 'request' });
const METHOD = plan({ action: 'forward', fwd: 'method', mayStore: false });
const BYPASS = plan({ action: 'forward', fwd: 'bypass', mayStore: false });
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
  };
}
