import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { CachegateError, type ErrorCode } from '../../errors.ts';
import { bootName } from './boot.ts';
import { claimDataFile } from './data-file.ts';
import { fileDamage } from './file-damage.ts';
import { type LmdbModule, type LmdbRoot, type LmdbTree, loadLmdb } from './lmdb-module.ts';
import { keyEncoder } from './record-keys.ts';
import { PAGE_BYTES } from './space.ts';

/** The open file of a store: a tree of records, and one of the pieces of long values. */
export interface OpenMap {
  readonly records: LmdbRoot;
  readonly pieces: LmdbTree;
  close(): Promise<void>;
}

/** Processes that can read at once; each takes one place. */
const MAX_READERS = 512;
/** Room in the address space beyond the bound, for one transaction that goes over it. */
const HEADROOM_BYTES = 256 * 1024 * 1024;

/**
 * Opens the store in a folder, which is made if it is not there.
 * @throws CachegateError `ERR_CONFIG_INVALID` when the folder can't be one, or the package is not installed;
 *   `ERR_STORE_UNAVAILABLE` when its file can't be opened.
 */
export async function openMap(path: string, limitBytes: number): Promise<OpenMap> {
  const folder = resolve(path);
  const lmdb = await loadLmdb();
  prepareFolder(folder);
  const file = attempt('ERR_STORE_UNAVAILABLE', folder, () => claimDataFile(folder, bootName()));
  try {
    const records = openRecords(lmdb, file.path, limitBytes);
    const pieces = records.openDB('pieces', { encoding: 'binary', keyEncoder });
    return {
      records,
      pieces,
      async close() {
        await records.close();
        file.release();
      },
    };
  } catch (error) {
    throw failure('ERR_STORE_UNAVAILABLE', folder, error);
  }
}

/** Not by mkdir's own recursion: where a parent can't be made but stands for itself (/proc), Node tries for ever. */
function makeFolder(folder: string): void {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  if (found !== undefined) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' });
  makeFolder(dirname(folder));
  try {
    // It holds sessions and answers: nobody else's to read.
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have been sooner.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

function openRecords(lmdb: LmdbModule, path: string, limitBytes: number): LmdbRoot {
  const damage = fileDamage(path);
  if (damage !== null) throw new Error(`${damage}; remove it`);
  return lmdb.open({
    path,
    noSubdir: true,
    encoding: 'binary',
    keyEncoder,
    cache: false,
    maxReaders: MAX_READERS,
    mapSize: limitBytes + HEADROOM_BYTES,
    pageSize: PAGE_BYTES,
    permissionsMode: 0o600,
    // What a crash of the machine would do to the file is met by never trusting it afterwards.
    noSync: true,
    overlappingSync: false,
  });
}

function prepareFolder(folder: string): void {
  attempt('ERR_CONFIG_INVALID', folder, () => {
    // It holds sessions and answers: nobody else's to read.
    makeFolder(folder);
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  });
}

function attempt<T>(code: ErrorCode, folder: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw failure(code, folder, error);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EEXIST: 'a file is in the way; name a folder',
  ENOTDIR: 'a file is in the way; name a folder',
  EACCES: 'no permission',
  EPERM: 'no permission',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
};

function failure(code: ErrorCode, folder: string, cause: unknown): CachegateError {
  const { code: reason = '', message = '' } = cause as { code?: string; message?: string };
  const detail = REASONS[reason] ?? message;
  return new CachegateError(code, `The store's folder ${folder} can't be used: ${detail}`, { cause });
}
