import { assessResponse } from '../engine/assessment.ts';
import type { ResponseFacts } from '../engine/facts.ts';
import { isDescribedByHead } from '../engine/validation.ts';
import { contentLength } from '../http/content-length.ts';
import type { StoreObserver } from '../observe/observer.ts';
import { storeFailure } from '../store/reading.ts';
import type { Store } from '../store/store.ts';
import type { CacheRequest } from './cache-request.ts';
import { withStoredPart } from './combination.ts';
import type { StoredEntry } from './entry.ts';
import type { Arriving, Fill } from './fill.ts';
import { freshenEntry } from './freshened-entry.ts';
import type { Found } from './lookup.ts';
import type { Save } from './saver.ts';
import { createTurns } from './turns.ts';

export interface KeeperOptions {
  readonly store: Store;
  readonly save: Save;
  readonly observer: StoreObserver;
}

/** Brings what the origin answered into the store. Failures of the store are told and stop nothing. */
export interface Keeper {
  /** Waits for a fill and keeps what may be kept of it. */
  keep(request: CacheRequest, fill: Fill, found: Found): Promise<void>;
  keepArriving(
    request: CacheRequest,
    landing: Arriving,
    isOutdated: () => boolean,
    found: Found,
  ): Promise<void>;
  /** Freshens the stored response by the answer to a HEAD, or drops it where they disagree (RFC 9111 §4.3.5). */
  keepHead(
    request: CacheRequest,
    head: ResponseFacts,
    isOutdated: () => boolean,
    found: Found,
  ): Promise<void>;
  drop(request: CacheRequest, keys: readonly string[]): Promise<void>;
}

export function createKeeper({ store, save, observer }: KeeperOptions): Keeper {
  // What was on its way to the store when a resource was invalidated must not come there after that.
  const turns = createTurns();

  function drop(request: CacheRequest, keys: readonly string[]): Promise<void> {
    return turns.take(keys, async () => {
      try {
        await store.delete(keys);
      } catch (error) {
        observer.storeFailed?.('response cache', 'write', storeFailure(error), request);
      }
    });
  }

  function saveUnless(isOutdated: () => boolean, ...saved: Parameters<Save>): Promise<void> {
    const [request] = saved;
    return turns.take([request.key], async () => {
      if (!isOutdated()) await save(...saved);
    });
  }

  async function keepArriving(
    request: CacheRequest,
    landing: Arriving,
    isOutdated: () => boolean,
    found: Found,
  ): Promise<void> {
    const body = await landing.body.whole;
    if (body === null || !lengthAgrees(landing, body)) return;
    const received = { ...landing.response, fields: landing.sharedFields, body };
    if (landing.assessment.part === null) {
      await saveUnless(isOutdated, request, received, landing.assessment, found.variants);
      return;
    }
    const kept = withStoredPart(request, found.entry?.response ?? null, received);
    if (kept.body.length > request.maxBodyBytes) return;
    const assessment = assessResponse(request.facts, kept, request.policy);
    await saveUnless(isOutdated, request, kept, assessment, found.variants);
  }

  async function keepHead(
    request: CacheRequest,
    head: ResponseFacts,
    isOutdated: () => boolean,
    { entry, variants }: Found,
  ): Promise<void> {
    if (isOutdated() || entry === null || head.status !== 200 || entry.status !== 200) return;
    if (!isDescribedByHead(entry.response, entry.response.body.length, head)) {
      return drop(request, [request.key]);
    }
    const { storable, entry: freshened } = freshenEntry(request, entry, head);
    await saveFreshened(request, freshened, storable, isOutdated, variants);
  }

  /** What must not be stored any more is dropped; what is only not this request's to store stays as it was. */
  async function saveFreshened(
    request: CacheRequest,
    { response, assessment }: StoredEntry,
    storable: boolean,
    isOutdated: () => boolean,
    variants: Found['variants'],
  ): Promise<void> {
    if (!assessment.storable) return drop(request, [request.key]);
    if (storable) await saveUnless(isOutdated, request, response, assessment, variants);
  }

  return {
    drop,
    keepArriving,
    keepHead,
    async keep(request, fill, found) {
      const landing = await fill.landing;
      const isOutdated = () => fill.outdated;
      switch (landing.kind) {
        case 'validated':
          if (isOutdated()) return;
          return saveFreshened(request, landing.entry, landing.storable, isOutdated, found.variants);
        case 'arriving':
          return keepArriving(request, landing, isOutdated, found);
        case 'unshared':
          if (request.facts.method !== 'HEAD') return;
          return keepHead(request, landing.response, isOutdated, found);
        case 'failed':
      }
    },
  };
}

// undici refuses a body that is not as long as it says; what is stored is checked all the same.
function lengthAgrees({ response, assessment }: Arriving, body: Buffer): boolean {
  if ((contentLength(response.fields) ?? body.length) !== body.length) return false;
  const { part } = assessment;
  return part === null || part.range.last - part.range.first + 1 === body.length;
}
