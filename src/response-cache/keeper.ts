import { assessResponse } from '../engine/assessment.ts';
import type { ResponseFacts } from '../engine/facts.ts';
import { partOf } from '../engine/portion.ts';
import { isDescribedByHead } from '../engine/validation.ts';
import { fieldValue } from '../http/fields.ts';
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
  keepHead(request: CacheRequest, head: ResponseFacts, found: Found): Promise<void>;
  drop(request: CacheRequest, keys: readonly string[]): Promise<void>;
}

export function createKeeper({ store, save, observer }: KeeperOptions): Keeper {
  async function drop(request: CacheRequest, keys: readonly string[]): Promise<void> {
    try {
      await store.delete(keys);
    } catch (error) {
      observer.storeFailed?.('response cache', 'write', storeFailure(error), request);
    }
  }

  async function keepArriving(
    request: CacheRequest,
    landing: Arriving,
    isOutdated: () => boolean,
    found: Found,
  ): Promise<void> {
    const body = await landing.body.whole;
    if (body === null || isOutdated() || !lengthAgrees(landing, body)) return;
    const received = { ...landing.response, fields: landing.sharedFields, body };
    if (landing.assessment.part === null) {
      await save(request, received, landing.assessment, found.variants);
      return;
    }
    const kept = withStoredPart(request, found.entry?.response ?? null, received);
    if (kept.body.length <= request.maxBodyBytes) {
      await save(request, kept, assessResponse(request.facts, kept, request.policy), found.variants);
    }
  }

  async function keepHead(
    request: CacheRequest,
    head: ResponseFacts,
    { entry, variants }: Found,
  ): Promise<void> {
    if (entry === null || head.status !== 200 || entry.status !== 200) return;
    if (!isDescribedByHead(entry.response, entry.response.body.length, head)) {
      return drop(request, [request.key]);
    }
    const { storable, entry: freshened } = freshenEntry(request, entry, head);
    await saveFreshened(request, freshened, storable, variants);
  }

  /** What must not be stored any more is dropped; what is only not this request's to store stays as it was. */
  async function saveFreshened(
    request: CacheRequest,
    { response, assessment }: StoredEntry,
    storable: boolean,
    variants: Found['variants'],
  ): Promise<void> {
    if (!assessment.storable) return drop(request, [request.key]);
    if (storable) await save(request, response, assessment, variants);
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
          return saveFreshened(request, landing.entry, landing.storable, found.variants);
        case 'arriving':
          return keepArriving(request, landing, isOutdated, found);
        case 'unshared':
          if (request.facts.method === 'HEAD' && !isOutdated())
            await keepHead(request, landing.response, found);
          return;
        case 'failed':
      }
    },
  };
}

// undici refuses a body that is not as long as it says; what is stored is checked all the same.
function lengthAgrees({ response, assessment }: Arriving, body: Buffer): boolean {
  const declared = fieldValue(response.fields, 'content-length');
  if (declared !== undefined && Number(declared) !== body.length) return false;
  const part = assessment.part ?? partOf(response);
  return part === null || part.range.last - part.range.first + 1 === body.length;
}
