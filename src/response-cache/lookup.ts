import { assessResponse } from '../engine/assessment.ts';
import { variantKey } from '../engine/selection.ts';
import type { StoreKeys } from '../store/keys.ts';
import { type Reading, readAll } from '../store/reading.ts';
import type { MaybePromise, Store } from '../store/store.ts';
import type { CacheRequest } from './cache-request.ts';
import { StoredEntry } from './entry.ts';
import { decodeStoredForm, type StoredForm } from './stored-form.ts';

/** What the store holds for a request. */
export interface Found {
  /** The stored response that the request selects. */
  readonly entry: StoredEntry | null;
  /** The sets of fields that the resource's variants are selected by; empty when it does not vary. */
  readonly nominated: readonly (readonly string[])[];
  /** The store could not be asked. */
  readonly away: boolean;
}

const NOTHING: Found = { entry: null, nominated: [], away: false };
const AWAY: Found = { entry: null, nominated: [], away: true };

/** Finds what a request selects, beginning with what was read under its resource's key. */
export type Lookup = (request: CacheRequest, reading: Reading) => MaybePromise<Found>;

export function createLookup(store: Store, keys: StoreKeys): Lookup {
  // A store in this process hands out the same bytes again; what they decode to is kept with them.
  const decoded = new WeakMap<Buffer, StoredEntry | StoredForm | null>();

  function decode(request: CacheRequest, bytes: Buffer): StoredEntry | StoredForm | null {
    let result = decoded.get(bytes);
    if (result === undefined) {
      const form = decodeStoredForm(bytes);
      result = form?.kind === 'response' ? toEntry(request, form.response) : form;
      decoded.set(bytes, result);
    }
    return result;
  }

  async function selectVariant(request: CacheRequest, nominated: Found['nominated']): Promise<Found> {
    const variantKeys = nominated.map((names) => keys.variant(request.key, variantKey(names, request.facts)));
    for (const reading of await readAll(store, variantKeys)) {
      if (!reading.ok) return { ...AWAY, nominated };
      if (reading.value === null) continue;
      const entry = decode(request, reading.value.bytes);
      if (entry instanceof StoredEntry) return { entry, nominated, away: false };
    }
    return { entry: null, nominated, away: false };
  }

  return (request, reading) => {
    if (!reading.ok) return AWAY;
    if (reading.value === null) return NOTHING;
    const result = decode(request, reading.value.bytes);
    if (result instanceof StoredEntry) return { entry: result, nominated: [], away: false };
    return result?.kind === 'variants' ? selectVariant(request, result.nominated) : NOTHING;
  };
}

/** Judges a stored response by the request's service: its policy may be newer than what is stored. */
export function toEntry(request: CacheRequest, response: StoredEntry['response']): StoredEntry {
  const assessment = assessResponse(request.facts, response, request.policy);
  return new StoredEntry(response, assessment, request.present(withLength(response)));
}

// A stored body is whole, so its length is known even where the origin sent it in chunks.
function withLength({ fields, body, status }: StoredEntry['response']): string[] {
  const rest: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i]!.toLowerCase() !== 'content-length') rest.push(fields[i]!, fields[i + 1]!);
  }
  if (status !== 204 && status !== 304) rest.push('Content-Length', String(body.length));
  return rest;
}
