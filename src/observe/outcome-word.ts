import type { CacheOutcome } from './outcome.ts';

/**
 * What became of a request, in one word: `hit`, why it was forwarded (RFC 9211 §2.2), `other` where the cache has answered
 * without either, and `gate` where no cache was asked.
 */
export const OUTCOME_WORDS = [
  ...['hit', 'bypass', 'method', 'uri-miss', 'vary-miss', 'miss', 'request', 'stale', 'partial'],
  ...['other', 'gate'],
] as const;

export type OutcomeWord =
  | 'hit'
  | 'other'
  | 'gate'
  | NonNullable<Extract<CacheOutcome, { hit: false }>['fwd']>;

export function outcomeWord(outcome: CacheOutcome | null): OutcomeWord {
  if (outcome === null) return 'gate';
  return outcome.hit ? 'hit' : (outcome.fwd ?? 'other');
}
