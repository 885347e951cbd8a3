import type { ResponseFacts } from '../engine/assessment.ts';
import { markOf } from '../store/mark.ts';
import { MARK_BYTES, MARK_OFFSET } from '../store/store.ts';

/** A response as it is stored: what the engine judges, and the whole body. */
export interface StoredResponse extends ResponseFacts {
  readonly body: Buffer;
}

/** How a body was compressed for the store. */
export type Coding = 'br' | 'zstd';

/** A body as it lies in the store where that is not what is answered with. */
export interface PackedBody {
  /** The bytes that it is when it is unpacked. */
  readonly length: number;
  /** `null`: not compressed. */
  readonly coding: Coding | null;
  /** Beside the head; `null` when it lies in pieces. */
  readonly bytes: Buffer | null;
  readonly pieces: Pieces | null;
}

/** Where the pieces of a body lie. */
export interface Pieces {
  /** Part of their keys: a new body never mixes with an old one. */
  readonly id: string;
  readonly count: number;
  /** They last until then at least, in milliseconds since the epoch. */
  readonly until: number;
}

/**
 * What lies under a resource's key: the response itself, or, where it varies, how it does.
 */
export type StoredForm =
  | {
      readonly kind: 'response';
      readonly response: ResponseFacts;
      readonly body: Buffer | PackedBody;
      /** It is stale since this instant at the latest (milliseconds since the epoch); `null`: it is not marked. */
      readonly staleAt: number | null;
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
const FORMAT_VERSION = 3;
const KIND_RESPONSE = 1;
const KIND_VARIANTS = 2;
const KIND_PIECE = 3;

// The third byte. Where it is not 0, the head's first line says what the body is.
const IN_PIECES = 1;
const CODINGS: readonly (Coding | null)[] = [null, 'br', 'zstd'];
const CODING_SHIFT = 1;

/** version, kind, flags, mark */
const PREFIX_BYTES = MARK_OFFSET + MARK_BYTES;
/** Of the head, 32 bits. All numbers are little-endian, but for the mark. */
const LENGTH_AT = PREFIX_BYTES;
const VARIANTS_AT = LENGTH_AT + 4;
/** Status (16 bits), then the times of request and response (48 bits each). */
const STATUS_AT = LENGTH_AT + 4;
const TIMES_AT = STATUS_AT + 2;
const TIME_BYTES = 6;
const HEAD_AT = TIMES_AT + 2 * TIME_BYTES;

/**
 * Field values hold no line feed (RFC 9110 §5.5), so lines keep a head apart: what the body is, if need be, then names
 * and values.
 */
export function encodeStoredForm(form: StoredForm): Buffer {
  return form.kind === 'variants' ? encodeVariants(form) : encodeResponse(form);
}

function encodeVariants({ generation, nominated }: Variants): Buffer {
  const head = [generation, ...nominated.map((names) => names.join(' '))].join('\n');
  const bytes = prefixed(KIND_VARIANTS, 0, VARIANTS_AT + head.length);
  bytes.writeUInt32LE(head.length, LENGTH_AT);
  bytes.write(head, VARIANTS_AT, 'latin1');
  return bytes;
}

function encodeResponse({ response, body, staleAt }: Extract<StoredForm, { kind: 'response' }>): Buffer {
  const packed = Buffer.isBuffer(body) ? null : body;
  const beside = Buffer.isBuffer(body) ? body : (body.bytes ?? EMPTY);
  const head = [...(packed === null ? [] : [describe(packed)]), ...response.fields].join('\n');
  const flags = packed === null ? 0 : flagsOf(packed);
  const bytes = prefixed(KIND_RESPONSE, flags, HEAD_AT + head.length + beside.length);
  if (staleAt !== null) bytes.writeUIntBE(staleAt, MARK_OFFSET, MARK_BYTES);
  bytes.writeUInt32LE(head.length, LENGTH_AT);
  bytes.writeUInt16LE(response.status, STATUS_AT);
  bytes.writeUIntLE(response.requestAt, TIMES_AT, TIME_BYTES);
  bytes.writeUIntLE(response.responseAt, TIMES_AT + TIME_BYTES, TIME_BYTES);
  bytes.write(head, HEAD_AT, 'latin1');
  beside.copy(bytes, HEAD_AT + head.length);
  return bytes;
}

/** A piece of a body, as the value of its key. */
export function encodePiece(piece: Buffer): Buffer {
  const bytes = prefixed(KIND_PIECE, 0, PREFIX_BYTES + piece.length);
  piece.copy(bytes, PREFIX_BYTES);
  return bytes;
}

/** `null` for anything that this release did not write: another version, or bytes that were damaged. */
export function decodeStoredForm(bytes: Buffer): StoredForm | null {
  if (bytes.length < VARIANTS_AT || bytes[0] !== FORMAT_VERSION) return null;
  if (bytes[1] === KIND_VARIANTS) return decodeVariants(bytes);
  return bytes[1] === KIND_RESPONSE && bytes.length >= HEAD_AT ? decodeResponse(bytes) : null;
}

/** `null` as of `decodeStoredForm`. */
export function decodePiece(bytes: Buffer): Buffer | null {
  if (bytes.length < PREFIX_BYTES || bytes[0] !== FORMAT_VERSION || bytes[1] !== KIND_PIECE) return null;
  return bytes.subarray(PREFIX_BYTES);
}

function decodeVariants(bytes: Buffer): StoredForm | null {
  const end = VARIANTS_AT + bytes.readUInt32LE(LENGTH_AT);
  if (end > bytes.length) return null;
  const [generation = '', ...sets] = bytes.toString('latin1', VARIANTS_AT, end).split('\n');
  return { kind: 'variants', generation, nominated: sets.map((line) => line.split(' ')) };
}

function decodeResponse(bytes: Buffer): StoredForm | null {
  const bodyAt = HEAD_AT + bytes.readUInt32LE(LENGTH_AT);
  if (bodyAt > bytes.length) return null;
  const head = bytes.toString('latin1', HEAD_AT, bodyAt);
  const fields = head === '' ? [] : head.split('\n');
  const flags = bytes[2]!;
  const beside = bytes.subarray(bodyAt);
  const body = flags === 0 ? beside : described(fields.shift() ?? '', flags, beside);
  if (body === null || fields.length % 2 !== 0) return null;
  const response = {
    status: bytes.readUInt16LE(STATUS_AT),
    requestAt: bytes.readUIntLE(TIMES_AT, TIME_BYTES),
    responseAt: bytes.readUIntLE(TIMES_AT + TIME_BYTES, TIME_BYTES),
    fields,
  };
  return { kind: 'response', response, body, staleAt: markOf(bytes) };
}

function flagsOf({ coding, pieces }: PackedBody): number {
  return (CODINGS.indexOf(coding) << CODING_SHIFT) | (pieces === null ? 0 : IN_PIECES);
}

/** The line that says what a packed body is. */
function describe({ length, pieces }: PackedBody): string {
  return pieces === null ? String(length) : `${length} ${pieces.count} ${pieces.until} ${pieces.id}`;
}

const DESCRIPTION = /^(\d{1,10})(?: (\d{1,5}) (\d{1,15}) ([\w-]{1,64}))?$/;

function described(line: string, flags: number, beside: Buffer): PackedBody | null {
  const coding = CODINGS[flags >> CODING_SHIFT];
  const [, length, count, until, id] = DESCRIPTION.exec(line) ?? [];
  if (length === undefined || coding === undefined) return null;
  if ((flags & IN_PIECES) === 0) return { length: Number(length), coding, bytes: beside, pieces: null };
  if (id === undefined) return null;
  const pieces = { id, count: Number(count), until: Number(until) };
  return { length: Number(length), coding, bytes: null, pieces };
}

const EMPTY = Buffer.alloc(0);

function prefixed(kind: number, flags: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  bytes[0] = FORMAT_VERSION;
  bytes[1] = kind;
  bytes[2] = flags;
  bytes.fill(0, MARK_OFFSET, PREFIX_BYTES);
  return bytes;
}
