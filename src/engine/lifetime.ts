import { type FieldList, hasField, replaceFields } from '../http/fields.ts';
import { formatHttpDate } from '../http/http-date.ts';
import { correctedInitialAgeMs, instantOf, originatedAt } from './age.ts';
import type { RequestFacts, ResponseFacts } from './facts.ts';
import type { CachePolicy } from './policy.ts';
import { type ResponseDirectives, responseDirectives } from './response-directives.ts';

const HEURISTIC_FRACTION = 0.1;
const MAX_HEURISTIC_MS = 24 * 60 * 60 * 1000;

// Cacheable by default (RFC 9110 §15.1).
const HEURISTICALLY_CACHEABLE: ReadonlySet<number> = new Set([
  200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501,
]);

/**
 * The freshness lifetime of a response in milliseconds (RFC 9111 §4.2.1, §4.2.2): the origin's, else the policy's, else
 * one by heuristics; `undefined` when nothing lets it be stored (§3).
 */
export function freshnessLifetimeMs(
  request: RequestFacts,
  response: ResponseFacts,
  stated: ResponseDirectives,
  policy: CachePolicy,
): number | undefined {
  const ownSeconds = policyTtlSeconds(policy, response.status);
  const explicit = policy.force ? undefined : explicitLifetimeMs(response, stated);
  if (explicit !== undefined) return explicit;
  // Counted from receipt: an age that a response brings along does not shorten the operator's lifetime.
  if (ownSeconds !== undefined) return correctedInitialAgeMs(response) + ownSeconds * 1000;
  const mayGuess = HEURISTICALLY_CACHEABLE.has(response.status) || stated.directives.public;
  if (policy.force || !mayGuess || request.contentKeyed === true) return undefined;
  // An answer to someone's cookies that says nothing of its own sharing is shared with nobody.
  if (policy.mode === 'safe' && policy.private !== true && request.field('cookie') !== undefined) {
    return undefined;
  }
  return policy.heuristic ? heuristicLifetimeMs(response) : 0;
}

/** Whether a response has no lifetime but the one that heuristics guess. */
export function isHeuristicLifetime(
  response: ResponseFacts,
  stated: ResponseDirectives,
  policy: CachePolicy,
): boolean {
  if (policyTtlSeconds(policy, response.status) !== undefined || policy.force) return false;
  return explicitLifetimeMs(response, stated) === undefined;
}

/**
 * The fields of a response with the lifetime that who asked for it gives it, as `Expires`: where its origin gives none, and
 * its status is one that `ttlSeconds` of a policy holds for. Counted from receipt, as that is. A 304 passes it on.
 */
export function withGivenLifetime(response: ResponseFacts, seconds: number, policy: CachePolicy): FieldList {
  const { status, fields } = response;
  const mayHave = status === 304 || (status < 400 && HEURISTICALLY_CACHEABLE.has(status));
  if (!mayHave || explicitLifetimeMs(response, responseDirectives(fields, policy)) !== undefined)
    return fields;
  const expiresAt = originatedAt(response) + correctedInitialAgeMs(response) + seconds * 1000;
  return replaceFields(fields, ['Expires', formatHttpDate(expiresAt)]);
}

/** The lifetime that the policy gives to a status, in seconds. */
function policyTtlSeconds(policy: CachePolicy, status: number): number | undefined {
  const listed = policy.negativeTtlSeconds.get(status);
  if (listed !== undefined) return listed;
  return status < 400 && HEURISTICALLY_CACHEABLE.has(status) ? policy.ttlSeconds : undefined;
}

/** RFC 9111 §4.2.1. To a private cache `s-maxage` is not told. */
function explicitLifetimeMs(
  response: ResponseFacts,
  { directives, targeted }: ResponseDirectives,
): number | undefined {
  const seconds = directives.sMaxageSeconds ?? directives.maxAgeSeconds;
  if (seconds !== undefined) return seconds * 1000;
  if (targeted || !hasField(response.fields, 'expires')) return undefined;
  // What is no date lies in the past (RFC 9111 §5.3).
  const expiresAt = instantOf(response, 'expires') ?? Number.NEGATIVE_INFINITY;
  return Math.max(0, expiresAt - originatedAt(response));
}

/** A tenth of the time since the last modification, a day at most (RFC 9111 §4.2.2). */
function heuristicLifetimeMs(response: ResponseFacts): number {
  const modifiedAt = instantOf(response, 'last-modified');
  if (modifiedAt === undefined) return 0;
  const unchangedMs = Math.max(0, originatedAt(response) - modifiedAt);
  return Math.min(Math.floor(unchangedMs * HEURISTIC_FRACTION), MAX_HEURISTIC_MS);
}
