import { type CacheControl, parseCacheControl } from '../http/cache-control.ts';
import { fieldValue } from '../http/fields.ts';
import { nominatedFields } from '../http/vary.ts';
import { correctedInitialAgeMs, instantOf } from './age.ts';
import type { RequestFacts, ResponseFacts } from './facts.ts';
import { type Freshness, isReusable, staleFrom } from './freshness.ts';
import { freshnessLifetimeMs, isHeuristicLifetime } from './lifetime.ts';
import type { CachePolicy } from './policy.ts';
import { type Part, partOf } from './portion.ts';
import { responseDirectives } from './response-directives.ts';
import { type UnstorableReason, unstorableReason } from './storability.ts';

export type { RequestFacts, ResponseFacts } from './facts.ts';

/** What a response allows, judged once when it is received or read from a store. */
export interface Assessment extends Freshness {
  readonly storable: boolean;
  /** Why it is not storable; `null` when it is. */
  readonly reason: UnstorableReason | null;
  /** Never to be used stale (RFC 9111 §4.2.4): `must-revalidate`, `proxy-revalidate`, `s-maxage`. */
  readonly mustRevalidate: boolean;
  /** Never to be used without validation (RFC 9111 §5.2.2.4). */
  readonly noCache: boolean;
  /** Its lifetime is a guess (RFC 9111 §4.2.2) that counts for nobody who sends cookies (in `safe` mode). */
  readonly heuristic: boolean;
  /** While fresh it need not be validated because a client reloads (RFC 8246 §2). */
  readonly immutable: boolean;
  /** The part of the representation that a 206 holds; `null` for a whole response. */
  readonly part: Part | null;
  /**
   * The fields, in lower case, that only this request's client may see, or only after validation: those that `private`
   * and `no-cache` name (RFC 9111 §5.2.2.7, §5.2.2.4). The rest may be stored without them.
   */
  readonly withheld: readonly string[];
  /** The request fields that select it, in lower case and sorted (RFC 9111 §4.1). */
  readonly nominated: '*' | readonly string[];
}

/**
 * Judges a response to `request` as a shared cache does, or a private one (RFC 9111 §3, §4.2).
 * @param staleAt an operator has called it stale since this instant (milliseconds since the epoch, not in the future);
 * `null`: nobody has. Whether it may be stored is judged without that.
 */
export function assessResponse(
  request: RequestFacts,
  response: ResponseFacts,
  policy: CachePolicy,
  staleAt: number | null = null,
): Assessment {
  const stated = responseDirectives(response.fields, policy);
  const nominated = nominatedFields(fieldValue(response.fields, 'vary'));
  const lifetimeMs = freshnessLifetimeMs(request, response, stated, policy);
  const forced = policy.force && lifetimeMs !== undefined;
  const directives = forced ? parseCacheControl(undefined) : stated.directives;
  const assessment = allowanceOf(response, directives, policy, lifetimeMs ?? 0, nominated);
  const isPrivate = policy.private === true;
  assessment.heuristic =
    policy.mode === 'safe' && !isPrivate && isHeuristicLifetime(response, stated, policy);
  const terms = {
    directives,
    nominated,
    freshnessLifetimeMs: lifetimeMs,
    forced,
    part: assessment.part,
    withheld: assessment.withheld,
    isPrivate,
    keepsCookies: isPrivate || (policy.mode === 'rfc' && !policy.force),
  };
  const isUseful = isReusable(assessment) && !(isFailure(response) && isStale(assessment));
  assessment.reason = unstorableReason(request, response, terms) ?? (isUseful ? null : 'not-reusable');
  assessment.storable = assessment.reason === null;
  return staleAt === null ? assessment : staleFrom(assessment, staleAt);
}

type Draft = { -readonly [Name in keyof Assessment]: Assessment[Name] };

/** What a response would allow if it were stored. */
function allowanceOf(
  response: ResponseFacts,
  directives: CacheControl,
  policy: CachePolicy,
  lifetimeMs: number,
  nominated: '*' | readonly string[],
): Draft {
  const noCache = directives.noCache === true;
  // s-maxage has the meaning of proxy-revalidate too (RFC 9111 §5.2.2.10).
  const mustRevalidate =
    directives.mustRevalidate || directives.proxyRevalidate || directives.sMaxageSeconds !== undefined;
  const windowMs = (seconds: number | undefined) => (noCache || mustRevalidate ? 0 : (seconds ?? 0) * 1000);
  const lastModifiedAt = instantOf(response, 'last-modified');
  return {
    storable: true,
    reason: null,
    responseAt: response.responseAt,
    correctedInitialAgeMs: correctedInitialAgeMs(response),
    freshnessLifetimeMs: lifetimeMs,
    staleWhileRevalidateMs: windowMs(
      directives.staleWhileRevalidateSeconds ?? policy.staleWhileRevalidateSeconds,
    ),
    staleIfErrorMs: windowMs(directives.staleIfErrorSeconds ?? policy.staleIfErrorSeconds),
    staleIfDisconnectedMs: windowMs(policy.staleIfDisconnectedSeconds),
    mustRevalidate,
    noCache,
    heuristic: false,
    immutable: directives.immutable,
    etag: fieldValue(response.fields, 'etag'),
    lastModified: lastModifiedAt === undefined ? undefined : fieldValue(response.fields, 'last-modified'),
    part: partOf(response),
    withheld: withheldFields(directives),
    nominated,
  };
}

function withheldFields({ private: isPrivate, noCache }: CacheControl): readonly string[] {
  if (typeof isPrivate === 'boolean' && typeof noCache === 'boolean') return NONE;
  return [isPrivate, noCache].flatMap((names) => (typeof names === 'boolean' ? [] : names));
}

// A failure that is not fresh would only take the place of a response that may stand in for it (RFC 5861 §4).
function isFailure({ status }: ResponseFacts): boolean {
  return status === 429 || status >= 500;
}

function isStale({ freshnessLifetimeMs, correctedInitialAgeMs }: Assessment): boolean {
  return freshnessLifetimeMs <= correctedInitialAgeMs;
}

const NONE: readonly string[] = Object.freeze([]);
