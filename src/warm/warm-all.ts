import { messageOf } from './fetch-item.ts';
import { checkedId, distinctItems } from './warm-items.ts';
import { checkedConcurrency, invalidWarm } from './warm-request.ts';

export interface WarmAllOptions {
  /** Calls at once, 1 to 64; 4 by default. */
  readonly concurrency?: number;
  /** Takes no more ids when it is aborted. */
  readonly signal?: AbortSignal;
  /** After each id. */
  readonly onProgress?: (counts: WarmCounts) => void;
  readonly onFailure?: (id: string, reason: string) => void;
}

export interface WarmCounts {
  readonly warmed_count: number;
  readonly failed_count: number;
  /** Distinct ids, bad ones too: the two above add up to it, unless the signal has ended it. */
  readonly total_requested: number;
  readonly duplicates: number;
}

const CONCURRENCY = 4;

/**
 * Calls `one` once for each distinct id (7 and "7" are one, and it gets "7"), and counts: an id for which it rejects has
 * failed. A bad id fails alone.
 * @throws CachegateError `ERR_WARM_INVALID` for what is no list, and for a bad concurrency
 */
export async function warmAll(
  ids: readonly unknown[],
  one: (id: string, signal: AbortSignal) => Promise<unknown>,
  options: WarmAllOptions = {},
): Promise<WarmCounts> {
  const { signal = new AbortController().signal, onProgress, onFailure } = options;
  const concurrency = checkedConcurrency(options.concurrency ?? CONCURRENCY);
  if (!Array.isArray(ids)) throw invalidWarm('What is to be warmed is a list');
  const { items, duplicates } = await distinctItems(ids, checkedId);
  let warmed = 0;
  let failed = 0;
  let next = 0;

  const counts = (): WarmCounts => ({
    warmed_count: warmed,
    failed_count: failed,
    total_requested: items.length,
    duplicates,
  });

  function succeed(): void {
    warmed += 1;
    onProgress?.(counts());
  }

  function fail(id: string, reason: string): void {
    failed += 1;
    onFailure?.(id, reason);
    onProgress?.(counts());
  }

  async function bring(id: string): Promise<void> {
    try {
      await one(id, signal);
    } catch (error) {
      // What was broken off is not counted.
      if (signal.aborted) return;
      return fail(id, messageOf(error));
    }
    succeed();
  }

  async function slot(): Promise<void> {
    while (next < items.length && !signal.aborted) {
      const item = items[next]!;
      next += 1;
      if (typeof item === 'string') await bring(item);
      else fail(item.bad, item.reason);
    }
  }

  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, slot));
  return counts();
}
