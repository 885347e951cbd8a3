import { randomBytes } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Assessment, ResponseFacts } from '../engine/assessment.ts';
import { remainingFreshnessMs, retentionMs } from '../engine/freshness.ts';
import { variantKey } from '../engine/selection.ts';
import { responseTags } from '../http/cache-tags.ts';
import type { RequestObserver, StoreObserver } from '../observe/observer.ts';
import { type HeldLease, setAndEnd } from '../store/held-lease.ts';
import type { StoreKeys } from '../store/keys.ts';
import { storeFailure } from '../store/reading.ts';
import type { Fence, Store } from '../store/store.ts';
import type { Bodies } from './bodies.ts';
import type { CacheRequest } from './cache-request.ts';
import type { StoredEntry } from './entry.ts';
import type { Found } from './lookup.ts';
import type { PendingDrops } from './pending-drops.ts';
import { decodeStoredForm, encodeStoredForm, type PackedBody } from './stored-form.ts';

export interface SaverOptions {
  readonly store: Store;
  readonly keys: StoreKeys;
  readonly bodies: Bodies;
  readonly drops: PendingDrops;
  readonly clock: Clock;
  readonly observer: StoreObserver & RequestObserver;
}

/** What is to be stored, and under what. */
export interface Saving {
  readonly response: ResponseFacts;
  /** `null`: it was not needed, and lies in the store as `packed` says. */
  readonly body: Buffer | null;
  /** How it lies in the store already. */
  readonly packed?: PackedBody | null;
  readonly assessment: Assessment;
  readonly fence: Fence;
  /** Given back with the write, so that it costs no call of its own; by whoever took it, if nothing is written. */
  readonly lease?: HeldLease | null;
  /** What the request selected before. */
  readonly before: StoredEntry | null;
}

/**
 * Stores a response under its resource's key, or, where it varies, under a variant's key that the resource leads to.
 * Answers whether it did; what was dropped since the fence is not stored. Never rejects.
 */
export type Save = (request: CacheRequest, saving: Saving) => Promise<boolean>;

// An origin that changes its Vary keeps only its newest ways; each is one more key to read.
const MAX_NOMINATED_SETS = 4;
const GENERATION_BYTES = 9;

export function createSaver({ store, keys, bodies, drops, clock, observer }: SaverOptions): Save {
  async function write(request: CacheRequest, saving: Saving): Promise<boolean> {
    const { assessment, fence } = saving;
    const { nominated } = assessment;
    if (nominated === '*') return false;
    const kept = await pack(request, saving);
    if (kept === null || kept.ttlMs < 1) return false;
    const { ttlMs, body } = kept;
    const bytes = encodeStoredForm({ kind: 'response', response: saving.response, body, staleAt: null });
    const base = request.key;
    const key = nominated.length === 0 ? base : await variantAt(request, nominated, fence, ttlMs);
    // The last moment to find that it is to be dropped still, as the store was away.
    if (key === null || drops.covers(request)) return false;
    const tags = tagsOf(request, saving.response);
    const { lease = null } = saving;
    const written = await setAndEnd({ store, lease }, key, bytes, ttlMs, { group: base, fence, tags });
    const useless = written ? saving.before?.packed : body;
    if (useless && !Buffer.isBuffer(useless)) await discardUnless(base, useless, written ? body : null);
    return written;
  }

  /** The body as it is to lie in the head, and how long the head may lead to it. */
  async function pack(
    request: CacheRequest,
    { response, body, packed = null, assessment, fence }: Saving,
  ): Promise<{ readonly body: Buffer | PackedBody; readonly ttlMs: number } | null> {
    const now = clock.now();
    const ttlMs = Math.floor(retentionMs(assessment, request.policy, now));
    if (ttlMs < 1) return null;
    // What lies there already is not written again, as long as it lasts.
    const lastsMs = packed?.pieces?.until === undefined ? ttlMs : packed.pieces.until - now;
    if (packed !== null && (lastsMs >= ttlMs || body === null)) {
      return { body: packed, ttlMs: Math.min(ttlMs, lastsMs) };
    }
    const { key: base, compressFromBytes } = request;
    const purpose = { base, fence, fields: response.fields, compressFromBytes, ttlMs, now };
    const stored = await bodies.pack(body!, purpose);
    return stored === null ? null : { body: stored, ttlMs };
  }

  /** Deletes the pieces of a body that nothing leads to any more. */
  async function discardUnless(base: string, { pieces }: PackedBody, kept: Buffer | PackedBody | null) {
    const isKept = kept !== null && !Buffer.isBuffer(kept) && kept.pieces?.id === pieces?.id;
    if (pieces !== null && !isKept) await bodies.discard(base, pieces);
  }

  /** The key of a variant, once the resource leads to it; `null` when that was dropped. */
  async function variantAt(
    request: CacheRequest,
    nominated: readonly string[],
    fence: Fence,
    ttlMs: number,
  ): Promise<string | null> {
    const { key: base, facts } = request;
    const group = { group: base, fence };
    let known = await variantsAt(base);
    if (known === 'none') {
      const generation = newGeneration();
      const first = encodeStoredForm({ kind: 'variants', generation, nominated: [nominated] });
      // Several may be the first at once: all but one find another's generation.
      if (await store.set(base, first, ttlMs, { ...group, onlyIfAbsent: true })) {
        return keys.variant(base, generation, variantKey(nominated, facts));
      }
      known = await variantsAt(base);
      if (known === 'none') return null;
    }
    const generation = known?.generation ?? newGeneration();
    const key = keys.variant(base, generation, variantKey(nominated, facts));
    const isFirst = known?.nominated[0]?.join() === nominated.join();
    if (isFirst && known!.expiresInMs >= ttlMs) return key;
    const others = known?.nominated.filter((names) => names.join() !== nominated.join()) ?? [];
    const sets = [nominated, ...others].slice(0, MAX_NOMINATED_SETS);
    const variants = encodeStoredForm({ kind: 'variants', generation, nominated: sets });
    // The way to the variants lasts as long as the longest of them.
    const lastsMs = Math.max(ttlMs, Math.floor(known?.expiresInMs ?? 0));
    return (await store.set(base, variants, lastsMs, group)) ? key : null;
  }

  const newGeneration = () => randomBytes(GENERATION_BYTES).toString('base64url');

  /** How the resource varies by now; `null`: it has not so far; `none`: nothing of it is stored. */
  async function variantsAt(base: string): Promise<Found['variants'] | 'none'> {
    const [stored = null] = await store.get([base]);
    if (stored === null) return 'none';
    const form = decodeStoredForm(stored.bytes);
    return form?.kind === 'variants' ? { ...form, expiresInMs: stored.expiresInMs } : null;
  }

  /** The keys of the tags that a response is found by. */
  function tagsOf({ key, service, tags, targetKey }: CacheRequest, { fields }: ResponseFacts): string[] {
    const all = [keys.serviceTag(service, key), ...tags];
    if (targetKey !== null) all.push(keys.targetTag(targetKey));
    for (const name of responseTags(fields)) all.push(keys.tag(name));
    return [...new Set(all)];
  }

  async function tryToWrite(request: CacheRequest, saving: Saving): Promise<boolean> {
    try {
      return await write(request, saving);
    } catch (error) {
      observer.storeFailed?.('response cache', 'write', storeFailure(error), request);
      return false;
    }
  }

  return async (request, saving) => {
    const startedAt = performance.now();
    const written = await tryToWrite(request, saving);
    const { timing } = request;
    timing.saveMs = performance.now() - startedAt;
    if (written) timing.savedTtl = Math.trunc(remainingFreshnessMs(saving.assessment, clock.now()) / 1000);
    observer.responseSaved?.(request.service, written, timing.saveMs);
    return written;
  };
}
