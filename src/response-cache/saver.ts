import type { Clock } from '../clock.ts';
import type { Assessment } from '../engine/assessment.ts';
import { retentionMs } from '../engine/freshness.ts';
import { variantKey } from '../engine/selection.ts';
import type { StoreObserver } from '../observe/observer.ts';
import type { StoreKeys } from '../store/keys.ts';
import { storeFailure } from '../store/reading.ts';
import type { Store } from '../store/store.ts';
import type { CacheRequest } from './cache-request.ts';
import { encodeStoredForm, type StoredResponse } from './stored-form.ts';

export interface SaverOptions {
  readonly store: Store;
  readonly keys: StoreKeys;
  readonly clock: Clock;
  readonly observer: StoreObserver;
}

/** Stores a response under its resource's key, or, where it varies, under a variant's key that the resource names. */
export type Save = (
  request: CacheRequest,
  response: StoredResponse,
  assessment: Assessment,
  known: readonly (readonly string[])[],
) => Promise<void>;

// An origin that changes its Vary keeps only its newest ways; each is one more key to read.
const MAX_NOMINATED_SETS = 4;

export function createSaver({ store, keys, clock, observer }: SaverOptions): Save {
  async function write(
    request: CacheRequest,
    response: StoredResponse,
    assessment: Assessment,
    known: readonly (readonly string[])[],
  ): Promise<void> {
    const ttlMs = Math.floor(retentionMs(assessment, request.policy, clock.now()));
    if (ttlMs < 1) return;
    const bytes = encodeStoredForm({ kind: 'response', response });
    const { nominated } = assessment;
    if (nominated === '*') return;
    if (nominated.length === 0) {
      await store.set(request.key, bytes, ttlMs);
      return;
    }
    const others = known.filter((names) => names.join() !== nominated.join());
    const index = encodeStoredForm({
      kind: 'variants',
      nominated: [nominated, ...others].slice(0, MAX_NOMINATED_SETS),
    });
    // The variant first: an index must not name what is not there yet.
    await store.set(keys.variant(request.key, variantKey(nominated, request.facts)), bytes, ttlMs);
    await store.set(request.key, index, ttlMs);
  }

  return async (request, response, assessment, known) => {
    try {
      await write(request, response, assessment, known);
    } catch (error) {
      observer.storeFailed?.('response cache', 'write', storeFailure(error));
    }
  };
}
