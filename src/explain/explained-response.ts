import { currentAgeMs, remainingFreshnessMs } from '../engine/freshness.ts';
import { responseTags } from '../http/cache-tags.ts';
import { formatContentRange } from '../http/range.ts';
import type { StoredEntry } from '../response-cache/entry.ts';
import type { ExplainedResponse } from './explanation.ts';

export interface ExplainedEntry {
  readonly entry: StoredEntry;
  readonly expiresInMs: number;
  /** Of its service. */
  readonly tags: readonly string[];
  readonly now: number;
}

/** What is stored, in the words of an explanation. */
export function explainedResponse({ entry, expiresInMs, tags, now }: ExplainedEntry): ExplainedResponse {
  const { response, assessment, staleAt } = entry;
  const { part } = assessment;
  return {
    status: entry.status,
    bytes: entry.length,
    range: part === null ? null : formatContentRange(part.range, part.length),
    received_at: instant(response.responseAt),
    tags: [...new Set([...tags, ...responseTags(response.fields)])],
    etag: assessment.etag ?? null,
    last_modified: assessment.lastModified ?? null,
    freshness: {
      lifetime: seconds(assessment.freshnessLifetimeMs),
      current_age: seconds(currentAgeMs(assessment, now)),
      remaining: seconds(remainingFreshnessMs(assessment, now)),
      stale_while_revalidate: seconds(assessment.staleWhileRevalidateMs),
      stale_if_error: seconds(assessment.staleIfErrorMs),
      stale_if_disconnected: seconds(assessment.staleIfDisconnectedMs),
      heuristic: assessment.heuristic,
      no_cache: assessment.noCache,
      must_revalidate: assessment.mustRevalidate,
      stale_since: staleAt === null ? null : instant(staleAt),
    },
    expires_in: seconds(expiresInMs),
  };
}

/** With at most 3 decimals. */
export function seconds(ms: number): number {
  return Math.round(ms) / 1000;
}

/** The last instant that can be written so; a lifetime may go beyond. */
const LAST_INSTANT = 8.64e15;

function instant(ms: number): string {
  return new Date(Math.min(ms, LAST_INSTANT)).toISOString();
}
