import type { CachePolicy } from './policy.ts';

/** How long a response may be used. Spans are in milliseconds, never negative, and finite. */
export interface Freshness {
  readonly responseAt: number;
  readonly correctedInitialAgeMs: number;
  readonly freshnessLifetimeMs: number;
  /** How long it may be used stale while it is validated in the background (RFC 5861 §3). */
  readonly staleWhileRevalidateMs: number;
  /** How long it may be used stale in the place of an error (RFC 5861 §4). */
  readonly staleIfErrorMs: number;
  /** How long it may be used stale while the origin gives no answer at all (RFC 9111 §4.2.4). */
  readonly staleIfDisconnectedMs: number;
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
}

const DAY_SECONDS = 24 * 60 * 60;

/** `current_age` of RFC 9111 §4.2.3. A clock that was set back adds nothing. */
export function currentAgeMs(freshness: Freshness, now: number): number {
  return freshness.correctedInitialAgeMs + Math.max(0, now - freshness.responseAt);
}

/** What is left of the freshness lifetime: fresh above 0 (RFC 9111 §4.2), else stale for as long as it is below. */
export function remainingFreshnessMs(freshness: Freshness, now: number): number {
  return freshness.freshnessLifetimeMs - currentAgeMs(freshness, now);
}

/** The same, but stale from an instant (milliseconds since the epoch) on, if it would be fresh then: all windows are counted from there. */
export function staleFrom<F extends Freshness>(freshness: F, staleAt: number): F {
  const lifetimeMs = freshness.correctedInitialAgeMs + Math.max(0, staleAt - freshness.responseAt);
  if (lifetimeMs >= freshness.freshnessLifetimeMs) return freshness;
  return { ...freshness, freshnessLifetimeMs: lifetimeMs };
}

/** Whether a conditional request could freshen it (RFC 9111 §4.3.1). */
export function hasValidator(freshness: Freshness): boolean {
  return freshness.etag !== undefined || freshness.lastModified !== undefined;
}

/** Whether a response could be used at all, with or without validation, as it is received. */
export function isReusable(freshness: Freshness & { readonly noCache: boolean }): boolean {
  if (hasValidator(freshness)) return true;
  if (freshness.noCache) return false;
  const usableMs =
    freshness.freshnessLifetimeMs + Math.max(freshness.staleWhileRevalidateMs, freshness.staleIfErrorMs);
  return usableMs > freshness.correctedInitialAgeMs;
}

/** How much longer a store should keep a response: while it is fresh, may be used stale, or can be validated. */
export function retentionMs(freshness: Freshness, policy: CachePolicy, now: number): number {
  const validationMs = hasValidator(freshness) ? (policy.keepForValidationSeconds ?? DAY_SECONDS) * 1000 : 0;
  const usableStaleMs = Math.max(
    freshness.staleWhileRevalidateMs,
    freshness.staleIfErrorMs,
    freshness.staleIfDisconnectedMs,
    validationMs,
  );
  return Math.max(0, remainingFreshnessMs(freshness, now) + usableStaleMs);
}
