import type { ResponseFacts } from '../engine/assessment.ts';

/** A response as it is stored: what the engine judges, and the whole body. */
export interface StoredResponse extends ResponseFacts {
  readonly body: Buffer;
}

/**
 * What lies under a resource's key: the response itself, or, where it varies, how it does.
 */
export type StoredForm =
  | {
      readonly kind: 'response';
      readonly response: StoredResponse;
      /** What its origin has tagged it with (`Cache-Tag`, `Surrogate-Key`), by which it can be purged. */
      readonly tags: readonly string[];
    }
  | ({ readonly kind: 'variants' } & Variants);

/** How a resource varies. */
export interface Variants {
  /** Part of every variant's key: with a new one, what was stored before is out of reach. */
  readonly generation: string;
  /** The sets of request fields that variants were selected by, the newest first. */
  readonly nominated: readonly (readonly string[])[];
}

// The first byte. Another release's unknown version is a miss, so old and new run side by side.
const FORMAT_VERSION = 2;
const KIND_RESPONSE = 1;
const KIND_VARIANTS = 2;
/** version, kind, and the head's length (32 bits, little-endian) */
const PREFIX_BYTES = 6;

/**
 * Field values hold no line feed (RFC 9110 §5.5), so lines keep a head apart: status and times, the tags with tabs
 * between them, then names and values.
 */
export function encodeStoredForm(form: StoredForm): Buffer {
  if (form.kind === 'variants') {
    const lines = [form.generation, ...form.nominated.map((names) => names.join(' '))];
    return assemble(KIND_VARIANTS, lines.join('\n'), EMPTY);
  }
  const { status, requestAt, responseAt, fields, body } = form.response;
  const lines = [`${status} ${requestAt} ${responseAt}`, form.tags.join('\t'), ...fields];
  return assemble(KIND_RESPONSE, lines.join('\n'), body);
}

const EMPTY = Buffer.alloc(0);

function assemble(kind: number, head: string, body: Buffer): Buffer {
  const bytes = Buffer.allocUnsafeSlow(PREFIX_BYTES + head.length + body.length);
  bytes[0] = FORMAT_VERSION;
  bytes[1] = kind;
  bytes.writeUInt32LE(head.length, 2);
  bytes.write(head, PREFIX_BYTES, 'latin1');
  body.copy(bytes, PREFIX_BYTES + head.length);
  return bytes;
}

/** `null` for anything that this release did not write: another version, or bytes that were damaged. */
export function decodeStoredForm(bytes: Buffer): StoredForm | null {
  if (bytes.length < PREFIX_BYTES || bytes[0] !== FORMAT_VERSION) return null;
  const bodyAt = PREFIX_BYTES + bytes.readUInt32LE(2);
  if (bodyAt > bytes.length) return null;
  const lines = bytes.toString('latin1', PREFIX_BYTES, bodyAt).split('\n');
  if (bytes[1] === KIND_VARIANTS) {
    const [generation = '', ...sets] = lines;
    return { kind: 'variants', generation, nominated: sets.map((line) => line.split(' ')) };
  }
  if (bytes[1] !== KIND_RESPONSE || lines.length % 2 !== 0) return null;
  const [times = '', tags = ''] = lines.splice(0, 2);
  const numbers = times.split(' ').map(Number);
  if (numbers.length !== 3 || !numbers.every(Number.isFinite)) return null;
  const [status, requestAt, responseAt] = numbers as [number, number, number];
  return {
    kind: 'response',
    tags: tags === '' ? [] : tags.split('\t'),
    response: { status, requestAt, responseAt, fields: lines, body: bytes.subarray(bodyAt) },
  };
}
