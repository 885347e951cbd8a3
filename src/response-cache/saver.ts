import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Assessment } from '../engine/assessment.ts';
import { retentionMs } from '../engine/freshness.ts';
import { variantKey } from '../engine/selection.ts';
import { responseTags } from '../http/cache-tags.ts';
import type { StoreObserver } from '../observe/observer.ts';
import type { StoreKeys } from '../store/keys.ts';
import { storeFailure } from '../store/reading.ts';
import type { Store } from '../store/store.ts';
import type { CacheRequest } from './cache-request.ts';
import type { Found } from './lookup.ts';
import { decodeStoredForm, encodeStoredForm, type StoredResponse } from './stored-form.ts';

export interface SaverOptions {
  readonly store: Store;
  readonly keys: StoreKeys;
  readonly clock: Clock;
  readonly observer: StoreObserver;
}

/** Stores a response under its resource's key, or, where it varies, under a variant's key that the resource leads to. */
export type Save = (
  request: CacheRequest,
  response: StoredResponse,
  assessment: Assessment,
  variants: Found['variants'],
) => Promise<void>;

// An origin that changes its Vary keeps only its newest ways; each is one more key to read.
const MAX_NOMINATED_SETS = 4;
const GENERATION_BYTES = 9;

export function createSaver({ store, keys, clock, observer }: SaverOptions): Save {
  async function write(...[request, response, assessment, before]: Parameters<Save>): Promise<void> {
    const ttlMs = Math.floor(retentionMs(assessment, request.policy, clock.now()));
    const { nominated } = assessment;
    if (ttlMs < 1 || nominated === '*') return;
    const bytes = encodeStoredForm({ kind: 'response', response, tags: responseTags(response.fields) });
    if (nominated.length === 0) {
      await store.set(request.key, bytes, ttlMs);
      return;
    }
    const known = await variantsAt(request.key);
    // Invalidated since it was looked up: under the old generation all that was stored before would be back.
    if (before !== null && known?.generation !== before.generation) return;
    const generation = known?.generation ?? randomBytes(GENERATION_BYTES).toString('base64url');
    const others = known?.nominated.filter((names) => names.join() !== nominated.join()) ?? [];
    const sets = [nominated, ...others].slice(0, MAX_NOMINATED_SETS);
    const variants = encodeStoredForm({ kind: 'variants', generation, nominated: sets });
    // The variant first: nothing should lead to what is not there yet. The way to it lasts as long as its longest.
    await store.set(
      keys.variant(request.key, generation, variantKey(nominated, request.facts)),
      bytes,
      ttlMs,
    );
    await store.set(request.key, variants, Math.max(ttlMs, Math.floor(known?.expiresInMs ?? 0)));
  }

  /** How the resource varies by now; others may have stored variants while this one was fetched. */
  async function variantsAt(key: string): Promise<Found['variants']> {
    const [stored = null] = await store.get([key]);
    const form = stored === null ? null : decodeStoredForm(stored.bytes);
    return form?.kind === 'variants' ? { ...form, expiresInMs: stored!.expiresInMs } : null;
  }

  return async (...saved) => {
    try {
      await write(...saved);
    } catch (error) {
      observer.storeFailed?.('response cache', 'write', storeFailure(error), saved[0]);
    }
  };
}
