import type { StoreKeys } from '../store/keys.ts';
import type { Lease, LeaseState, Store } from '../store/store.ts';
import { decodeHead, encodeHead, type JobHead } from './job-head.ts';
import { decodeItems, encodeItems, newProgress, PART_SIZE, partCount } from './job-parts.ts';
import type { WarmItem } from './warm-items.ts';

/** A job as the store holds it. */
export interface StoredJob {
  readonly key: string;
  readonly head: JobHead;
  /** Its head, for compare and swap. */
  readonly bytes: Buffer;
}

/** Jobs on the store port. All throw `ERR_STORE_*`. */
export interface WarmStore {
  key(id: string): string;
  /** Stores a job with its items; who holds the lease is the first to be at it. */
  create(head: JobHead, items: readonly WarmItem[]): Promise<StoredJob>;
  find(key: string): Promise<StoredJob | null>;
  /** The keys of all jobs, and of some that are gone. */
  keys(): Promise<readonly string[]>;
  /** Those of these keys that are there. */
  findAll(keys: readonly string[]): Promise<readonly StoredJob[]>;
  /** Sets the head of one that is as it was; `null`: it is not. */
  replace(job: StoredJob, head: JobHead): Promise<StoredJob | null>;
  /** The items of a part; `null`: they are gone. */
  items(key: string, part: number): Promise<readonly WarmItem[] | null>;
  /** What was done of a part; `null`: that is gone. */
  progress(key: string, parts: readonly number[]): Promise<(Buffer | null)[]>;
  setProgress(key: string, part: number, expected: Buffer, bytes: Buffer): Promise<boolean>;
  /** Puts it where there is nothing. */
  addProgress(key: string, part: number, bytes: Buffer): Promise<void>;
  /** Keeps a part for longer. */
  renewPart(key: string, part: number): Promise<void>;
  /** Forgets the items of a job that has ended. */
  dropItems(job: StoredJob): Promise<void>;
  drop(keys: readonly string[]): Promise<void>;
  begin(key: string, lease: Lease): Promise<LeaseState>;
  renew(key: string, lease: Lease): Promise<boolean>;
  end(key: string, lease: Lease): Promise<void>;
}

/** A job is kept for so long after it has ended, or after anybody was at it. */
export const JOB_TTL_MS = 7 * 86_400_000;
/** Values that are read or written at once. */
const AT_ONCE = 16;
const HELD: LeaseState = { kind: 'held' };

export function createWarmStore(
  store: Store,
  keys: Pick<StoreKeys, 'warm' | 'warmPart' | 'warmTag'>,
): WarmStore {
  const tags = [keys.warmTag()];
  const itemsKey = (key: string, part: number) => keys.warmPart(key, 'items', part);
  const progressKey = (key: string, part: number) => keys.warmPart(key, 'done', part);
  const setPart = async (group: string, key: string, bytes: Buffer, onlyIfAbsent = false) =>
    void (await store.set(key, bytes, JOB_TTL_MS, { group, onlyIfAbsent }));

  function found(key: string, bytes: Buffer): StoredJob | null {
    const head = decodeHead(bytes);
    return head === null ? null : { key, head, bytes };
  }

  async function findAll(wanted: readonly string[]): Promise<readonly StoredJob[]> {
    const jobs: StoredJob[] = [];
    for (let at = 0; at < wanted.length; at += AT_ONCE) {
      const some = wanted.slice(at, at + AT_ONCE);
      const values = await store.get(some);
      for (const [i, value] of values.entries()) {
        const job = value === null ? null : found(some[i]!, value.bytes);
        if (job !== null) jobs.push(job);
      }
    }
    return jobs;
  }

  async function createPart(key: string, items: readonly WarmItem[], part: number): Promise<void> {
    const some = items.slice(part * PART_SIZE, (part + 1) * PART_SIZE);
    await setPart(key, itemsKey(key, part), encodeItems(some));
    await setPart(key, progressKey(key, part), newProgress(some.length));
  }

  return {
    key: (id) => keys.warm(id),
    async create(head, items) {
      const key = keys.warm(head.id);
      await eachPart(head.total, (part) => createPart(key, items, part));
      const bytes = encodeHead(head);
      // Last: from now on it can be found.
      await store.set(key, bytes, JOB_TTL_MS, { group: key, tags });
      return { key, head, bytes };
    },
    find: async (key) => (await findAll([key]))[0] ?? null,
    async keys() {
      const all = new Set<string>();
      let cursor: string | null = null;
      do {
        const members = await store.members(tags[0]!, cursor);
        for (const base of members.bases) all.add(base);
        cursor = members.cursor;
      } while (cursor !== null);
      return [...all];
    },
    findAll,
    async replace({ key, bytes: expected }, head) {
      const bytes = encodeHead(head);
      const isWritten = await store.replace(key, expected, bytes, JOB_TTL_MS, { group: key, tags });
      return isWritten ? { key, head, bytes } : null;
    },
    async items(key, part) {
      const [value] = await store.get([itemsKey(key, part)]);
      return value ? decodeItems(value.bytes) : null;
    },
    async progress(key, parts) {
      const values = await store.get(parts.map((part) => progressKey(key, part)));
      return values.map((value) => value?.bytes ?? null);
    },
    setProgress: async (key, part, expected, bytes) =>
      store.replace(progressKey(key, part), expected, bytes, JOB_TTL_MS, { group: key }),
    addProgress: (key, part, bytes) => setPart(key, progressKey(key, part), bytes, true),
    async renewPart(key, part) {
      for (const name of [itemsKey(key, part), progressKey(key, part)]) {
        const [value] = await store.get([name]);
        if (value) await store.replace(name, value.bytes, value.bytes, JOB_TTL_MS, { group: key });
      }
    },
    async dropItems({ key, head }) {
      await eachPart(head.total, async (part) => {
        await store.delete([itemsKey(key, part), progressKey(key, part)]);
      });
    },
    drop: async (dropped) => void (await store.drop(dropped)),
    begin: async (key, lease) => (await store.begin(key, lease)).lease ?? HELD,
    renew: async (key, lease) => store.renew(key, lease),
    end: async (key, lease) => store.end(key, lease),
  };
}

async function eachPart(total: number, work: (part: number) => Promise<void>): Promise<void> {
  const count = partCount(total);
  for (let at = 0; at < count; at += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - at) }, (_, i) => work(at + i));
    // All of them come to an end, so that nothing is written after a failure was told.
    const failed = (await Promise.allSettled(some)).find(({ status }) => status === 'rejected');
    if (failed?.status === 'rejected') throw failed.reason;
  }
}
