import { assessResponse } from '../engine/assessment.ts';
import { isDescribedByHead } from '../engine/validation.ts';
import { contentLength } from '../http/content-length.ts';
import type { HeldLease } from '../store/held-lease.ts';
import type { Fence } from '../store/store.ts';
import type { CacheRequest, FetchedResponse } from './cache-request.ts';
import { withStoredPart } from './combination.ts';
import type { StoredEntry } from './entry.ts';
import type { Arriving, Fill } from './fill.ts';
import { freshenEntry } from './freshened-entry.ts';
import type { Found } from './lookup.ts';
import type { PendingDrops } from './pending-drops.ts';
import type { Save } from './saver.ts';

export interface KeeperOptions {
  readonly save: Save;
  readonly drops: PendingDrops;
}

/** What storing an origin's answer depends on. */
export interface Keeping {
  /** `null`: not at all. */
  readonly fence: Fence | null;
  /** Given back with what is stored. */
  readonly lease?: HeldLease | null;
  /** What was stored before. */
  readonly found: Found;
}

/** Brings what the origin answered into the store. Failures of the store are told and stop nothing. */
export interface Keeper {
  /** Waits for a fill and keeps what may be kept of it. */
  keep(request: CacheRequest, fill: Fill): Promise<void>;
  keepArriving(request: CacheRequest, landing: Arriving, keeping: Keeping): Promise<void>;
  /** Freshens the stored response by the answer to a HEAD, or drops it where they disagree (RFC 9111 §4.3.5). */
  keepHead(request: CacheRequest, head: FetchedResponse, keeping: Keeping): Promise<void>;
}

export function createKeeper({ save, drops }: KeeperOptions): Keeper {
  async function keepArriving(
    request: CacheRequest,
    landing: Arriving,
    { fence, lease = null, found }: Keeping,
  ): Promise<void> {
    const body = await landing.body.whole;
    if (body === null || fence === null || !lengthAgrees(landing, body)) return;
    const received = { ...landing.response, fields: landing.sharedFields, body };
    const before = found.entry;
    if (landing.assessment.part === null) {
      await save(request, { response: received, body, assessment: landing.assessment, fence, lease, before });
      return;
    }
    const kept = withStoredPart(request, wholeOf(before), received);
    if (kept.body.length > request.maxBodyBytes) return;
    const assessment = assessResponse(request.facts, kept, request.policy);
    await save(request, { response: kept, body: kept.body, assessment, fence, lease, before });
  }

  async function keepHead(request: CacheRequest, head: FetchedResponse, keeping: Keeping): Promise<void> {
    const { entry } = keeping.found;
    if (head.isAnothers === true) return;
    if (entry === null || head.status !== 200 || entry.status !== 200) return;
    if (!isDescribedByHead(entry.response, entry.length, head)) return drop(request);
    const { storable, entry: freshened } = freshenEntry(request, entry, head);
    return keepFreshened(request, freshened, storable, keeping);
  }

  /** What must not be stored any more is dropped; what is only not this request's to store stays as it was. */
  async function keepFreshened(
    request: CacheRequest,
    entry: StoredEntry,
    storable: boolean,
    { fence, lease = null, found }: Keeping,
  ): Promise<void> {
    const { response, assessment, body, packed } = entry;
    if (!assessment.storable) return drop(request);
    if (!storable || fence === null) return;
    await save(request, { response, body, packed, assessment, fence, lease, before: found.entry });
  }

  const drop = (request: CacheRequest) => drops.drop(request, [request.key]);

  return {
    keepArriving,
    keepHead,
    async keep(request, fill) {
      const landing = await fill.landing;
      const { opening } = fill;
      if (opening?.kind !== 'begun') return;
      const { fence, lease, planned } = opening;
      const keeping = { fence, lease, found: planned.found };
      switch (landing.kind) {
        case 'validated':
          return keepFreshened(request, landing.entry, landing.storable, keeping);
        case 'arriving':
          return keepArriving(request, landing, keeping);
        case 'unshared':
          if (request.facts.method !== 'HEAD') return;
          return keepHead(request, landing.response, keeping);
        case 'elsewhere':
        case 'left':
        case 'failed':
      }
    },
  };
}

function wholeOf(entry: StoredEntry | null) {
  return entry === null || entry.body === null ? null : { ...entry.response, body: entry.body };
}

// undici refuses a body that is not as long as it says; what is stored is checked all the same.
function lengthAgrees({ response, assessment }: Arriving, body: Buffer): boolean {
  if ((contentLength(response.fields) ?? body.length) !== body.length) return false;
  const { part } = assessment;
  return part === null || part.range.last - part.range.first + 1 === body.length;
}
