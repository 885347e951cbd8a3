import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/**
 * Which file of a store's folder holds its data. Commits are not flushed to the disk one by one, so after a crash of the
 * machine (not of a process) a file is not to be trusted: then a new one is begun.
 *
 *     boot-2-<boot>   which file is in use since the machine was started
 *     clean-2         which file was flushed whole by the last process that closed it
 *     user-2-<boot>-… a process that has it open
 */
export interface DataFile {
  readonly path: string;
  /** To be called once the process has closed the file. */
  release(): void;
}

/** Of the records; another release's file is never read. An older one's is removed once none of its processes is left. */
const FORMAT = 2;
const OLDER = /^(?:boot|clean|user|data)-(\d+)(?:[-.]|$)/;
const BOOT = `boot-${FORMAT}-`;
const CLEAN = `clean-${FORMAT}`;
const USER = `user-${FORMAT}-`;
const DATA = /^data-\d+-[0-9a-f]+\.mdb(-lock)?$/;

/** @throws Error of the file system */
export function claimDataFile(folder: string, boot: string): DataFile {
  const user = join(folder, `${USER}${boot}-${process.pid}-${randomBytes(4).toString('hex')}`);
  removeDeadUsers(folder, boot);
  writeFileSync(user, '');
  const name = claimName(folder, boot);
  // After this process is known as a user: whoever closes just now sees it, or says "clean" before and it is unsaid here.
  rmSync(join(folder, CLEAN), { force: true });
  removeOthers(folder, name, boot);
  removeOlder(folder, boot);
  flush(folder);
  const path = join(folder, name);
  return { path, release: () => releaseDataFile(folder, path, name, user) };
}

/** The first process since the machine was started decides; a link is made by one only. */
function claimName(folder: string, boot: string): string {
  const pointer = join(folder, BOOT + boot);
  const clean = contentOf(join(folder, CLEAN));
  const known = contentOf(pointer);
  if (known !== null) return known;
  const usable = clean !== null && DATA.test(clean) && existsSync(join(folder, clean));
  const name = usable ? clean : `data-${FORMAT}-${randomBytes(6).toString('hex')}.mdb`;
  const proposal = `${pointer}.${randomBytes(4).toString('hex')}`;
  writeFileSync(proposal, name);
  try {
    linkSync(proposal, pointer);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(proposal, { force: true });
  }
  return contentOf(pointer) ?? name;
}

function removeOthers(folder: string, name: string, boot: string): void {
  for (const each of readdirSync(folder)) {
    const isOldPointer = each.startsWith(BOOT) && !each.startsWith(BOOT + boot);
    const isOldData = DATA.test(each) && each.startsWith(`data-${FORMAT}-`) && !each.startsWith(name);
    if (isOldPointer || isOldData) rmSync(join(folder, each), { force: true });
  }
}

function releaseDataFile(folder: string, path: string, name: string, user: string): void {
  flush(path);
  rmSync(user, { force: true });
  if (hasUsers(folder)) return;
  const proposal = join(folder, `${CLEAN}.${randomBytes(4).toString('hex')}`);
  writeFileSync(proposal, name);
  flush(proposal);
  renameSync(proposal, join(folder, CLEAN));
  if (hasUsers(folder)) rmSync(join(folder, CLEAN), { force: true });
  flush(folder);
}

function hasUsers(folder: string): boolean {
  return readdirSync(folder).some((each) => each.startsWith(USER));
}

function removeDeadUsers(folder: string, boot: string): void {
  for (const each of readdirSync(folder)) {
    if (each.startsWith(USER) && !lives(each, `${USER}${boot}-`)) rmSync(join(folder, each), { force: true });
  }
}

/** It would only take room; and an older release that came back would answer with what was purged meanwhile. */
function removeOlder(folder: string, boot: string): void {
  const older = readdirSync(folder).filter((each) => formatOf(each) < FORMAT);
  if (older.some((each) => lives(each, `user-${formatOf(each)}-${boot}-`))) return;
  for (const each of older) rmSync(join(folder, each), { force: true });
}

/** Of which format a file is; infinite: it is none of ours. */
function formatOf(file: string): number {
  return Number(OLDER.exec(file)?.[1] ?? Number.POSITIVE_INFINITY);
}

/** Whether a file is that of a running process. */
function lives(user: string, prefix: string): boolean {
  return user.startsWith(prefix) && isAlive(Number(user.slice(prefix.length).split('-')[0]));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function contentOf(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

function flush(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
