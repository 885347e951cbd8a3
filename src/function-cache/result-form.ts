import { markOf } from '../store/mark.ts';
import { MARK_BYTES, MARK_OFFSET } from '../store/store.ts';
import { readTagged, writeTagged } from './tagged-json.ts';

/** What a function came to: a result, or a failure that is as good as one. */
export type Result =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'failure'; readonly error: Error };

export interface StoredResult {
  readonly result: Result;
  /** So long before the store forgets it, it stops being fresh: nobody's clock is asked. */
  readonly graceMs: number;
}

// The first byte, told apart from a value's of the value cache. Another release's unknown version is a miss.
const FORMAT_VERSION = 2;
const KINDS = ['json', 'tagged', 'failure'] as const;
const KIND_AT = MARK_OFFSET + MARK_BYTES;
const GRACE_AT = KIND_AT + 1;
const GRACE_BYTES = 6;
const HEADER_BYTES = GRACE_AT + GRACE_BYTES;

/**
 * A result as it is stored: the format's version, two zero bytes, room for a mark, its kind, its grace, JSON.
 * @throws CachegateError `ERR_CACHE_VALUE` for what has no stored form
 */
export function encodeResult({ result, graceMs }: StoredResult): Buffer {
  if (result.kind === 'failure')
    return encode('failure', graceMs, JSON.stringify(failureFields(result.error)));
  const { json, isTagged } = writeTagged(result.value);
  return encode(isTagged ? 'tagged' : 'json', graceMs, json);
}

function encode(kind: (typeof KINDS)[number], graceMs: number, json: string): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + Buffer.byteLength(json));
  bytes[0] = FORMAT_VERSION;
  bytes[KIND_AT] = KINDS.indexOf(kind);
  bytes.writeUIntBE(graceMs, GRACE_AT, GRACE_BYTES);
  bytes.write(json, HEADER_BYTES);
  return bytes;
}

/** The result, made anew; `undefined` for what was marked, and for what no `encodeResult` of this release has made. */
export function decodeResult(bytes: Buffer): StoredResult | undefined {
  if (bytes.length <= HEADER_BYTES || bytes[0] !== FORMAT_VERSION || markOf(bytes) !== null) return undefined;
  try {
    const result = resultOf(KINDS[bytes[KIND_AT]!], bytes.toString('utf8', HEADER_BYTES));
    return result && { result, graceMs: bytes.readUIntBE(GRACE_AT, GRACE_BYTES) };
  } catch {
    return undefined;
  }
}

function resultOf(kind: (typeof KINDS)[number] | undefined, json: string): Result | undefined {
  switch (kind) {
    case undefined:
      return undefined;
    case 'failure':
      return { kind, error: failureOf(JSON.parse(json) as FailureFields) };
    default:
      return { kind: 'value', value: readTagged({ json, isTagged: kind === 'tagged' }) };
  }
}

interface FailureFields {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
}

/** What a failure is known by, and nothing else of what it carries. */
function failureFields(error: Error): FailureFields {
  const { name, message, code } = error as Error & { code?: unknown };
  const isCode = typeof code === 'string' || typeof code === 'number';
  return { name: String(name), message: String(message), ...(isCode && { code }) };
}

function failureOf({ name, message, code }: FailureFields): Error {
  const error = new Error(message);
  Object.defineProperty(error, 'name', { value: name, configurable: true, writable: true });
  return code === undefined ? error : Object.assign(error, { code });
}
