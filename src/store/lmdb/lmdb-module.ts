import { CachegateError } from '../../errors.ts';

/** A key in the map: text whose first character is the kind of record, or bytes beginning with it. */
export type MapKey = string | Uint8Array;

export interface RangeOptions {
  readonly start?: MapKey;
  /** Not in the range. */
  readonly end?: MapKey;
  readonly limit?: number;
  /** From the end on: then `start` is the greatest key, and `end` the least. */
  readonly reverse?: boolean;
}

/** What is used of a tree of the package `lmdb`. Without a transaction, reads see one moment until `resetReadTxn`. */
export interface LmdbTree {
  /** The value, in a buffer that the next read writes over. */
  getBinaryFast(key: MapKey): Buffer | undefined;
  /** Inside a transaction only. With `append`, the key must be past all others, and nothing is written if it is not. */
  put(key: MapKey, value: Uint8Array, options?: { append?: boolean }): PromiseLike<boolean>;
  remove(key: MapKey): PromiseLike<boolean>;
  getRange(options: RangeOptions): Iterable<{ readonly key: Buffer; readonly value: Buffer }>;
  getKeys(options: RangeOptions): Iterable<Buffer>;
  getStats(): TreeStatistics;
}

/** The value, until the next read. The binding's own buffer is longer than it says, which not every method minds. */
export function read(tree: LmdbTree, key: MapKey): Buffer | undefined {
  const bytes = tree.getBinaryFast(key);
  return bytes?.subarray(0, bytes.length);
}

export interface TreeStatistics {
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
  /** Of the file: the last page in use, which the file never falls behind again. */
  readonly lastPageNumber: number;
  readonly lastTxnId: number;
}

export interface LmdbRoot extends LmdbTree {
  openDB(name: string, options: object): LmdbTree;
  transactionSync<T>(work: () => T, flags: number): T;
  /** The number of the running transaction: one more at each commit, whichever process commits. */
  getWriteTxnId(): number;
  resetReadTxn(): void;
  /** Frees what processes that died held. */
  readerCheck(): number;
  readerList(): string;
  close(): Promise<void>;
}

export interface LmdbModule {
  open(options: object): LmdbRoot;
}

/**
 * The package `lmdb`, which is loaded only where it is used.
 * @throws CachegateError `ERR_CONFIG_INVALID` where it is not installed.
 */
export async function loadLmdb(load: () => Promise<unknown> = () => import('lmdb')): Promise<LmdbModule> {
  try {
    return (await load()) as LmdbModule;
  } catch (cause) {
    const message = 'A store at lmdb: needs the package lmdb, which cannot be loaded here: npm install lmdb';
    throw new CachegateError('ERR_CONFIG_INVALID', message, { cause });
  }
}
