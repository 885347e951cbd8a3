import { createHash } from 'node:crypto';

// Prime, so that chunks of usual sizes never lie alike in two blocks: what is lost, doubled or moved shows.
const BLOCK_BYTES = 1_048_573;
const block = createHash('shake256', { outputLength: BLOCK_BYTES }).update('big bodies').digest();
const twice = Buffer.concat([block, block]);

/** The bytes of a big body from `offset` on: one block of random bytes over and over. At most a block's length. */
export function piece(offset, length) {
  const start = offset % BLOCK_BYTES;
  return twice.subarray(start, start + length);
}

/** Follows a big body as it arrives. */
export class PatternCheck {
  bytes = 0;
  intact = true;

  /** @param {Buffer} chunk */
  add(chunk) {
    for (let at = 0; at < chunk.length; at += BLOCK_BYTES) {
      const part = chunk.subarray(at, at + BLOCK_BYTES);
      this.intact &&= part.equals(piece(this.bytes, part.length));
      this.bytes += part.length;
    }
  }
}
