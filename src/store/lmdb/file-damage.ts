import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { PAGE_BYTES } from './space.ts';

/** Of LMDB's meta pages, of which a file begins with two; numbers in the machine's own order. */
const MAGIC_AT = 24;
const MAGIC = 0xbeefc0de;
const VERSION_AT = 28;
const VERSION = 2;
const PAGE_SIZE_AT = 48;
const LAST_PAGE_AT = 144;
const TRANSACTION_AT = 152;

/** The last pages may have been freed before they were ever written. */
const UNWRITTEN_BYTES = 1024 * 1024;

/**
 * What is wrong with a map's file; `null`: nothing that can be seen from its beginning. Asked before LMDB is: it ends the
 * process over a file that is none of its own, and so does reading beyond the end of one that was cut short.
 */
export function fileDamage(path: string): string | null {
  const file = openSync(path, 'a+', 0o600);
  try {
    const { size } = fstatSync(file);
    if (size === 0) return null;
    const metas = Buffer.alloc(2 * PAGE_BYTES);
    if (readSync(file, metas, 0, metas.length, 0) < metas.length) return 'its file has been cut short';
    return damageOf(metas, size);
  } finally {
    closeSync(file);
  }
}

function damageOf(metas: Buffer, size: number): string | null {
  const view = new DataView(metas.buffer, metas.byteOffset, metas.length);
  const number = (at: number) => view.getUint32(at, isLittleEndian);
  const both = [0, PAGE_BYTES];
  if (both.some((page) => number(page + MAGIC_AT) !== MAGIC)) return 'its file is damaged';
  if (both.some((page) => (number(page + VERSION_AT) & 0xffff) !== VERSION))
    return 'its file is of another release of LMDB';
  if (number(PAGE_SIZE_AT) !== PAGE_BYTES) return 'its file has pages of another size';
  const long = (at: number) => Number(view.getBigUint64(at, isLittleEndian));
  const newer = long(TRANSACTION_AT) >= long(PAGE_BYTES + TRANSACTION_AT) ? 0 : PAGE_BYTES;
  const end = long(newer + LAST_PAGE_AT) * PAGE_BYTES;
  return size + UNWRITTEN_BYTES < end ? 'its file has been cut short' : null;
}

const isLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
