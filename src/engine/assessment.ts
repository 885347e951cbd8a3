import { type CacheControl, parseCacheControl } from '../http/cache-control.ts';
import { fieldValue } from '../http/fields.ts';
import { nominatedFields } from '../http/vary.ts';
import { correctedInitialAgeMs, instantOf } from './age.ts';
import type { RequestFacts, ResponseFacts } from './facts.ts';
import { type Freshness, hasValidator, retentionMs } from './freshness.ts';
import { freshnessLifetimeMs, policyTtlSeconds } from './lifetime.ts';
import type { CachePolicy } from './policy.ts';
import { absoluteBar, statedBar, type UnstorableReason } from './storability.ts';

export type { RequestFacts, ResponseFacts } from './facts.ts';

/** What a response allows, judged once when it is received or read from a store. */
export type Assessment = Allowance & Storability;

interface Allowance extends Freshness {
  /** Never to be used stale (RFC 9111 §4.2.4): `must-revalidate`, `proxy-revalidate`, `s-maxage`. */
  readonly mustRevalidate: boolean;
  /** Never to be used without validation (RFC 9111 §5.2.2.4). */
  readonly noCache: boolean;
  /** Fresh, it need not be validated because a client reloads (RFC 8246). */
  readonly immutable: boolean;
  /** The request fields that select it, in lower case and sorted (RFC 9111 §4.1). */
  readonly nominated: '*' | readonly string[];
}

type Storability =
  | { readonly storable: true; readonly reason: null }
  | { readonly storable: false; readonly reason: UnstorableReason };

/** Judges a response to `request` as a shared cache does (RFC 9111 §3, §4.2). */
export function assessResponse(
  request: RequestFacts,
  response: ResponseFacts,
  policy: CachePolicy,
): Assessment {
  const directives = parseCacheControl(fieldValue(response.fields, 'cache-control'));
  const nominated = nominatedFields(fieldValue(response.fields, 'vary'));
  const lifetimeMs = freshnessLifetimeMs(request, response, directives, policy);
  const forced = policy.force && lifetimeMs !== undefined;
  ...
}
