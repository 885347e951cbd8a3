import { randomBytes } from 'node:crypto';
import type { FieldList } from '../http/fields.ts';
import type { StoreKeys } from '../store/keys.ts';
import type { Fence, Store, StoredValue } from '../store/store.ts';
import type { ByteBudget } from './byte-budget.ts';
import { compressed, decompressed, isCompressible, OWN_CODING } from './compression.ts';
import type { StoredEntry } from './entry.ts';
import { decodePiece, encodePiece, type PackedBody, type Pieces } from './stored-form.ts';

export interface BodiesOptions {
  readonly store: Store;
  readonly keys: StoreKeys;
  /** What bodies that are being read may hold together. */
  readonly budget: ByteBudget;
}

/** What a body is stored for. */
export interface BodyPurpose {
  /** The base of its group. */
  readonly base: string;
  readonly fence: Fence;
  readonly fields: FieldList;
  /** A body of so many bytes or more is compressed where its kind allows; `null`: none is. */
  readonly compressFromBytes: number | null;
  readonly ttlMs: number;
  readonly now: number;
}

/** How bodies lie in the store: beside their head, or in pieces, and perhaps compressed. */
export interface Bodies {
  /**
   * Makes of a body what is to lie in its head, once its pieces are stored; `null` when they may not be.
   * @throws what the store fails with
   */
  pack(body: Buffer, purpose: BodyPurpose): Promise<Buffer | PackedBody | null>;
  /**
   * Reads what of an entry's body is not beside its head, and gives it to the entry. Answers `false` when a piece is not
   * there any more, or can't be read. Never rejects.
   */
  load(base: string, entry: StoredEntry): Promise<boolean>;
  /** Deletes pieces that nothing leads to any more; what can't be deleted runs out. Never rejects. */
  discard(base: string, pieces: Pieces): Promise<void>;
}

// What a read that turns out to be in vain may bring along, and what one command may hold.
const BESIDE_HEAD_BYTES = 64 * 1024;
// A little less than a quarter of a MiB: with what goes before it, a whole one would take a third of a MiB of a server.
const PIECE_BYTES = 255 * 1024;
const READ_AT_ONCE = 4;
const ID_BYTES = 9;
// Freshened again and again, a head outlives its pieces; they are given twice its time, so that most of that costs no body.
const PIECES_TTL_FACTOR = 2;
// The clocks of two processes may differ by as much.
const CLOCK_MARGIN_MS = 60_000;

export function createBodies({ store, keys, budget }: BodiesOptions): Bodies {
  // In this process's memory a body is what it is answered with: it is neither cut nor compressed.
  const inPlace = store.kind === 'memory';
  const loading = new Map<string, Promise<Buffer | null>>();

  const keysOf = (base: string, { id, count }: Pieces) =>
    Array.from({ length: count }, (_, i) => keys.piece(base, id, i));

  async function storePieces(bytes: Buffer, purpose: BodyPurpose): Promise<Pieces | null> {
    const { base, fence, ttlMs, now } = purpose;
    const lastingMs = ttlMs * PIECES_TTL_FACTOR;
    const pieces: Pieces = {
      id: randomBytes(ID_BYTES).toString('base64url'),
      count: Math.ceil(bytes.length / PIECE_BYTES),
      until: now + lastingMs,
    };
    for (const [i, key] of keysOf(base, pieces).entries()) {
      const piece = encodePiece(bytes.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES));
      // One after the other: a large body is not to stand in the way of what else the store is asked.
      if (!(await store.set(key, piece, lastingMs + CLOCK_MARGIN_MS, { group: base, fence }))) return null;
    }
    return pieces;
  }

  async function unpack(base: string, packed: PackedBody): Promise<Buffer | null> {
    const { length, coding } = packed;
    if (!budget.take(length)) return null;
    try {
      const bytes = packed.bytes ?? (await readPieces(base, packed.pieces!));
      if (bytes === null) return null;
      if (coding !== null) return await decompressed(bytes, coding, length);
      return bytes.length === length ? bytes : null;
    } finally {
      budget.give(length);
    }
  }

  async function readPieces(base: string, pieces: Pieces): Promise<Buffer | null> {
    const wanted = keysOf(base, pieces);
    const found: Buffer[] = [];
    while (found.length < wanted.length) {
      const next = wanted.slice(found.length, found.length + READ_AT_ONCE);
      for (const [value] of await Promise.all(next.map((key) => store.get([key])))) {
        const piece = pieceOf(value);
        if (piece === null) return null;
        found.push(piece);
      }
    }
    return Buffer.concat(found);
  }

  /** Once for all who ask for the same body at the same time. */
  function unpackOnce(base: string, packed: PackedBody): Promise<Buffer | null> {
    if (packed.pieces === null) return unpack(base, packed);
    const { id } = packed.pieces;
    const underWay = loading.get(id);
    if (underWay !== undefined) return underWay;
    const body = unpack(base, packed).finally(() => loading.delete(id));
    loading.set(id, body);
    return body;
  }

  return {
    async pack(body, purpose) {
      if (inPlace) return body;
      const { compressFromBytes, fields } = purpose;
      const tries = compressFromBytes !== null && body.length >= compressFromBytes && isCompressible(fields);
      const smaller = tries ? await compressed(body) : null;
      const bytes = smaller ?? body;
      const coding = smaller === null ? null : OWN_CODING;
      if (bytes.length <= BESIDE_HEAD_BYTES) {
        return coding === null ? body : { length: body.length, coding, bytes, pieces: null };
      }
      const pieces = await storePieces(bytes, purpose);
      return pieces === null ? null : { length: body.length, coding, bytes: null, pieces };
    },
    async load(base, entry) {
      if (entry.body !== null) return true;
      const body = await unpackOnce(base, entry.packed!).catch(() => null);
      if (body !== null) entry.body = body;
      return body !== null;
    },
    async discard(base, pieces) {
      try {
        await store.delete(keysOf(base, pieces));
      } catch {}
    },
  };
}

function pieceOf(value: StoredValue | null | undefined): Buffer | null {
  return value === null || value === undefined ? null : decodePiece(value.bytes);
}
