import type { Clock } from '../clock.ts';
import { originatedAt } from '../engine/age.ts';
import { assessResponse, type RequestFacts, type ResponseFacts } from '../engine/assessment.ts';
import { variantKey } from '../engine/selection.ts';
import { withoutFields } from '../http/fields.ts';
import type { StoreKeys } from '../store/keys.ts';
import { type Reading, readAll } from '../store/reading.ts';
import type { MaybePromise, Store } from '../store/store.ts';
import type { CacheRequest } from './cache-request.ts';
import { StoredEntry } from './entry.ts';
import { decodeStoredForm, type PackedBody, type StoredForm, type Variants } from './stored-form.ts';

/** What the store holds for a request. */
export interface Found {
  /** The stored response that the request selects. */
  readonly entry: StoredEntry | null;
  /** How the resource varies, and for how long that is known; `null` when it does not. */
  readonly variants: (Variants & { readonly expiresInMs: number }) | null;
  /** The store could not be asked. */
  readonly away: boolean;
  /** Until the store forgets the entry; 0 without one. */
  readonly expiresInMs: number;
}

export const NOTHING: Found = { entry: null, variants: null, away: false, expiresInMs: 0 };
export const AWAY: Found = { entry: null, variants: null, away: true, expiresInMs: 0 };

/** Finds what a request selects, beginning with what was read under its resource's key. */
export type Lookup = (request: CacheRequest, reading: Reading) => MaybePromise<Found>;

export interface LookupOptions {
  readonly store: Store;
  readonly keys: StoreKeys;
  readonly clock: Clock;
  /** Told what decoding a value takes in memory beside its bytes. */
  readonly weigh?: (bytes: Buffer, more: number) => void;
}

// Objects, field names and values as text, and the fields of the next answer.
const ENTRY_BYTES = 1_000;
const HEAD_FACTOR = 2;

export function createLookup({ store, keys, clock, weigh }: LookupOptions): Lookup {
  // A store in this process hands out the same bytes again; what they decode to is kept with them.
  const decoded = new WeakMap<Buffer, StoredEntry | StoredForm | null>();

  function decode(request: CacheRequest, bytes: Buffer): StoredEntry | StoredForm | null {
    let result = decoded.get(bytes);
    if (result === undefined) {
      const form = decodeStoredForm(bytes);
      result = form?.kind === 'response' ? entryOf(request, form) : form;
      decoded.set(bytes, result);
      if (result instanceof StoredEntry) weigh?.(bytes, weightOf(bytes, result));
    }
    return result;
  }

  // What was stored under another policy (mode, force) may be what this one keeps from others.
  function entryOf(
    request: CacheRequest,
    { response, body, staleAt }: Extract<StoredForm, { kind: 'response' }>,
  ): StoredEntry | null {
    // A mark's clock may be ahead of this one; what an operator has called stale is so from now on.
    const marked = staleAt === null ? null : Math.min(staleAt, clock.now());
    const entry = toEntry(request, response, body, marked);
    return entry.assessment.storable ? entry : null;
  }

  async function selectVariant(
    request: CacheRequest,
    variants: NonNullable<Found['variants']>,
  ): Promise<Found> {
    const variantKeys = variants.nominated.map((names) =>
      keys.variant(request.key, variants.generation, variantKey(names, request.facts)),
    );
    let newest: StoredEntry | null = null;
    let expiresInMs = 0;
    for (const reading of await readAll(store, variantKeys)) {
      if (!reading.ok) return { entry: null, variants, away: true, expiresInMs: 0 };
      if (reading.value === null) continue;
      const entry = decode(request, reading.value.bytes);
      if (!(entry instanceof StoredEntry && isNewer(entry, newest))) continue;
      newest = entry;
      expiresInMs = reading.value.expiresInMs;
    }
    return { entry: newest, variants, away: false, expiresInMs };
  }

  return (request, reading) => {
    if (!reading.ok) return AWAY;
    if (reading.value === null) return NOTHING;
    const { bytes, expiresInMs } = reading.value;
    const result = decode(request, bytes);
    if (result instanceof StoredEntry) return { entry: result, variants: null, away: false, expiresInMs };
    if (result?.kind !== 'variants') return NOTHING;
    const { generation, nominated } = result;
    return selectVariant(request, { generation, nominated, expiresInMs });
  };
}

// Of several that a request selects, the most recent by its Date (RFC 9111 §4).
function isNewer({ response }: StoredEntry, than: StoredEntry | null): boolean {
  return than === null || originatedAt(response) > originatedAt(than.response);
}

/** A packed body is kept with its entry once it is loaded. */
function weightOf(bytes: Buffer, { body, packed }: StoredEntry): number {
  const besideHead = body?.length ?? packed?.bytes?.length ?? 0;
  return ENTRY_BYTES + (bytes.length - besideHead) * HEAD_FACTOR + (packed?.length ?? 0);
}

// A stored response is judged for everyone; what depends on who asks is decided for each request.
export const ANYONE: RequestFacts = { method: 'GET', field: () => undefined };

/**
 * Judges a stored response by the request's service: its policy may be newer than what is stored.
 * @param staleAt as `assessResponse` takes it
 */
export function toEntry(
  request: CacheRequest,
  response: ResponseFacts,
  body: Buffer | PackedBody,
  staleAt: number | null = null,
): StoredEntry {
  const assessment = assessResponse(ANYONE, response, request.policy, staleAt);
  const presented = request.present(asAnswered(response, body.length));
  return new StoredEntry(response, body, assessment, presented, staleAt);
}

// A hit has an Age of its own; and a stored body is whole, so its length is known even where it came in chunks.
function asAnswered({ fields, status }: ResponseFacts, length: number): string[] {
  const lasting = withoutFields(fields, OF_ITS_TRANSFER);
  if (status !== 204) lasting.push('Content-Length', String(length));
  return lasting;
}

const OF_ITS_TRANSFER: ReadonlySet<string> = new Set(['age', 'content-length']);
