import { type CacheControl, parseCacheControl } from '../http/cache-control.ts';
import { fieldValue } from '../http/fields.ts';
import { nominatedFields } from '../http/vary.ts';
import { correctedInitialAgeMs, instantOf } from './age.ts';
import type { RequestFacts, ResponseFacts } from './facts.ts';
import { type Freshness, hasValidator, retentionMs } from './freshness.ts';
import { freshnessLifetimeMs, isHeuristicLifetime } from './lifetime.ts';
import type { CachePolicy } from './policy.ts';
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
  /** Its lifetime is a guess (RFC 9111 §4.2.2), which counts for nobody who sends cookies. */
  readonly heuristic: boolean;
  /** While fresh it need not be validated because a client reloads (RFC 8246 §2). */
  readonly immutable: boolean;
  /** The request fields that select it, in lower case and sorted (RFC 9111 §4.1). */
  readonly nominated: '*' | readonly string[];
}

/** Judges a response to `request` as a shared cache does (RFC 9111 §3, §4.2). */
export function assessResponse(
  request: RequestFacts,
  response: ResponseFacts,
  policy: CachePolicy,
): Assessment {
  const stated = parseCacheControl(fieldValue(response.fields, 'cache-control'));
  const nominated = nominatedFields(fieldValue(response.fields, 'vary'));
  const lifetimeMs = freshnessLifetimeMs(request, response, stated, policy);
  const forced = policy.force && lifetimeMs !== undefined;
  const directives = forced ? parseCacheControl(undefined) : stated;
  const terms = { directives, nominated, freshnessLifetimeMs: lifetimeMs, forced };
  const assessment = allowanceOf(response, directives, policy, lifetimeMs ?? 0, nominated);
  assessment.reason =
    unstorableReason(request, response, terms) ?? (isReusable(assessment, policy) ? null : 'not-reusable');
  assessment.storable = assessment.reason === null;
  return assessment;
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
  // With field names it is taken for the unqualified one, as RFC 9111 §5.2.2.4 lets a cache do.
  const noCache = directives.noCache !== false;
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
    mustRevalidate,
    noCache,
    heuristic: isHeuristicLifetime(response, directives, policy),
    immutable: directives.immutable,
    etag: fieldValue(response.fields, 'etag'),
    lastModified: lastModifiedAt === undefined ? undefined : fieldValue(response.fields, 'last-modified'),
    nominated,
  };
}

function isReusable(assessment: Assessment, policy: CachePolicy): boolean {
  if (hasValidator(assessment)) return true;
  return !assessment.noCache && retentionMs(assessment, policy, assessment.responseAt) > 0;
}
