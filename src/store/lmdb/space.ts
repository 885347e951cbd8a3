import type { Clock } from '../../clock.ts';
import { CachegateError } from '../../errors.ts';
import type { LmdbRoot, LmdbTree } from './lmdb-module.ts';
import { PIECE_BYTES } from './records.ts';
import type { Sweep } from './sweep.ts';
import type { Turn } from './write-turns.ts';

/** How much room a map has. Sizes in pages. */
export interface Space {
  /**
   * Makes room for so many bytes, by forgetting what expires soonest. Inside a transaction.
   * @throws CachegateError `ERR_STORE_UNWRITABLE` when there is none.
   */
  ensure(turn: Turn, bytes: number): void;
}

export const PAGE_BYTES = 4_096;
/** Forgetting begins at this part of the bound: the rest is for what a transaction copies before it frees anything. */
const FULL = 0.8;
/** Beyond this part nothing is written that takes room. */
const REFUSED = 0.95;
/** At most so many values are forgotten for one write. */
const MAX_FORGOTTEN = 64;
/** So many pages a write may take beside its bytes. */
const PAGES_BESIDE = 8;
/** Readers this many transactions behind are stuck, not busy. */
const STUCK_TRANSACTIONS = 64;
/** The map is looked at again when this part of it was written, or after so many milliseconds: others write too. */
const WRITTEN_BETWEEN = 1 / 64;
const MS_BETWEEN = 250;

/**
 * @param limitBytes bound of the file
 */
export function createSpace(
  root: LmdbRoot,
  trees: readonly LmdbTree[],
  limitBytes: number,
  clock: Clock,
  sweep: Sweep,
): Space {
  const limit = Math.floor(limitBytes / PAGE_BYTES);
  let used = 0;
  let written = 0;
  let lastPage = 0;
  let lookedAt = Number.NEGATIVE_INFINITY;

  function look(): void {
    used = trees.reduce((pages, tree) => pages + pagesOf(tree), 0);
    lastPage = root.getStats().lastPageNumber;
    written = 0;
    lookedAt = clock.now();
  }

  function isDue(pages: number): boolean {
    const isOld = written > limit * WRITTEN_BETWEEN || Math.abs(clock.now() - lookedAt) > MS_BETWEEN;
    return isOld || used + pages > limit * FULL || lastPage + written + pages > limit;
  }

  /** The file is as long as it may be, and what was freed in it is still being read. */
  function isHeld(pages: number): boolean {
    return lastPage + pages > limit && behindOf(root) > STUCK_TRANSACTIONS;
  }

  function makeRoom(turn: Turn, pages: number): void {
    const rounds = 2 + Math.ceil(pages / MAX_FORGOTTEN);
    for (let i = 0; i < rounds && used + pages > limit * FULL; i++) {
      if (sweep.soonest(turn, MAX_FORGOTTEN) === 0) return;
      look();
    }
  }

  return {
    ensure(turn, bytes) {
      const pages = Math.ceil(bytes / PIECE_BYTES) + PAGES_BESIDE;
      if (isDue(pages)) look();
      if (used + pages > limit * FULL) makeRoom(turn, pages);
      if (used + pages > limit * REFUSED || isHeld(pages)) throw full(limitBytes);
      used += pages - PAGES_BESIDE;
      written += pages - PAGES_BESIDE;
    },
  };
}

function pagesOf(tree: LmdbTree): number {
  const { treeBranchPageCount, treeLeafPageCount, overflowPages } = tree.getStats();
  return treeBranchPageCount + treeLeafPageCount + overflowPages;
}

/** By how many transactions the slowest reader is behind: what was freed since can't be written over. */
function behindOf(root: LmdbRoot): number {
  const { lastTxnId } = root.getStats();
  const reading = root.readerList().matchAll(/^\s*\d+\s+[0-9a-f]+\s+(\d+)\s*$/gm);
  return lastTxnId - Math.min(lastTxnId, ...Array.from(reading, ([, transaction]) => Number(transaction)));
}

function full(limitBytes: number): CachegateError {
  const message = `Store can't be written: the ${limitBytes / 1024 / 1024} MiB of its file are full`;
  return new CachegateError('ERR_STORE_UNWRITABLE', message);
}
