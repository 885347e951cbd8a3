import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { type FieldList, fieldValue, hasField } from '../http/fields.ts';
import type { Coding } from './stored-form.ts';

type Compress = (bytes: Buffer) => Promise<Buffer>;
/** @param length of the result; never more is unpacked. */
type Decompress = (bytes: Buffer, length: number) => Promise<Buffer>;

/** What of `node:zlib` has come after Node 20. */
interface Zstd {
  zstdCompress(bytes: Buffer, done: (error: Error | null, result: Buffer) => void): void;
  zstdDecompress(
    bytes: Buffer,
    options: { maxOutputLength: number },
    done: (error: Error | null, result: Buffer) => void,
  ): void;
}

// Where there is none, what another process has stored with it is a miss.
const zstd = 'zstdCompress' in zlib ? (zlib as unknown as Zstd) : null;

/** The coding that this process stores with: the one of those it has that costs the least time for what it saves. */
export const OWN_CODING: Coding = zstd === null ? 'br' : 'zstd';

// Higher ones take several times as long for a tenth of the size.
const BROTLI_QUALITY = 4;
// Less than a tenth saved is not worth the work of each reading.
const WORTHWHILE = 0.9;

const brotliCompress: Compress = (bytes) =>
  promisify(zlib.brotliCompress)(bytes, {
    params: {
      [zlib.constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
      [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });

const compress: Compress = zstd === null ? brotliCompress : promisify(zstd.zstdCompress);

const decompressors: Readonly<Record<Coding, Decompress | null>> = {
  br: (bytes, length) => promisify(zlib.brotliDecompress)(bytes, { maxOutputLength: length }),
  zstd:
    zstd === null
      ? null
      : (bytes, length) => promisify(zstd.zstdDecompress)(bytes, { maxOutputLength: length }),
};

/** A body compressed with `OWN_CODING`, in the thread pool; `null` where it would not become much smaller. */
export async function compressed(body: Buffer): Promise<Buffer | null> {
  const bytes = await compress(body);
  return bytes.length <= body.length * WORTHWHILE ? bytes : null;
}

/** The body that was compressed, if it has this length; `null` for anything else, which is not unpacked further. */
export async function decompressed(bytes: Buffer, coding: Coding, length: number): Promise<Buffer | null> {
  const decompress = decompressors[coding];
  if (decompress === null) return null;
  try {
    // Node takes no bound of 0.
    const body = await decompress(bytes, Math.max(1, length));
    return body.length === length ? body : null;
  } catch {
    return null;
  }
}

const COMPRESSIBLE =
  /^(?:text\/|application\/(?:json|javascript|xml|wasm|graphql|manifest|[\w.+-]*\+(?:json|xml))|image\/(?:svg\+xml|bmp)|font\/(?:ttf|otf))/i;

/** Whether a body with these fields is of a kind that compression makes smaller, and was not compressed by its origin. */
export function isCompressible(fields: FieldList): boolean {
  if (hasField(fields, 'content-encoding')) return false;
  return COMPRESSIBLE.test(fieldValue(fields, 'content-type') ?? '');
}
