import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Place, randomPlaces, shareOf } from '../random-places.ts';
import type { GroupUsage, Usage } from '../store.ts';
import type { LmdbTree } from './lmdb-module.ts';
import { afterPrefix, pairPrefix } from './record-keys.ts';
import { PIECE_BYTES } from './records.ts';
import { PAGE_BYTES } from './space.ts';
import type { TagMembers } from './tag-members.ts';
import type { Values } from './values.ts';

export interface GroupUsageOptions {
  readonly records: LmdbTree;
  readonly members: TagMembers;
  readonly values: Values;
  /** Carries out what reads, on a recent state of the map. Throws once the store is closed. */
  readonly reading: <T>(work: () => T) => T;
  readonly now: () => number;
  readonly limitBytes: number;
}

/** Groups that are looked at before others have their turn, */
const PART = 50;
/** and tags that are. */
const TAGS = 1_000;
/** What a value takes besides its key and bytes: its head, and its places in the orders of expiry and of its group. */
const VALUE_OVERHEAD_BYTES = 128;

/** As `Store.usage`: the groups of a tag stand in a list, so that any of them is found without a walk over all. */
export function createGroupUsage(options: GroupUsageOptions) {
  const { records, members, values, reading, now, limitBytes } = options;

  function keysOf(base: string): string[] {
    const prefix = pairPrefix('k', base);
    const beside = Array.from(
      records.getRange({ start: prefix, end: afterPrefix(prefix) }),
      ({ key, value }) => (value.length > 0 ? value.toString() : key.toString('utf8', prefix.length)),
    );
    return [base, ...beside];
  }

  function weigh(base: string, at: number): GroupUsage | null {
    let [expiresAt, bytes] = [at, 0];
    for (const key of keysOf(base)) {
      const head = values.head(key, at);
      if (head === null) continue;
      expiresAt = Math.max(expiresAt, head.expiresAt);
      const inPieces = Math.ceil(head.length / PIECE_BYTES) * PAGE_BYTES;
      bytes +=
        VALUE_OVERHEAD_BYTES + Buffer.byteLength(key) + (head.pieces === null ? head.length : inPieces);
    }
    return expiresAt === at ? null : { expiresInMs: expiresAt - at, bytes };
  }

  function weighAll(tags: readonly string[], places: readonly Place[]): GroupUsage[] {
    const at = now();
    const bases = places.map((place) => members.at(tags[place.list]!, place.at, at));
    return bases.map((base) => (base === null ? null : weigh(base, at))).filter((each) => each !== null);
  }

  async function sizesOf(tags: readonly string[]): Promise<number[]> {
    const sizes: number[] = [];
    for (let from = 0; from < tags.length; from += TAGS) {
      if (from > 0) await nextTurn();
      sizes.push(...reading(() => tags.slice(from, from + TAGS).map(members.count)));
    }
    return sizes;
  }

  return async (tags: readonly string[], sampleSize: number): Promise<Usage> => {
    const sizes = await sizesOf(tags);
    const places = randomPlaces(sizes, sampleSize);
    const sample: GroupUsage[] = [];
    for (let from = 0; from < places.length; from += PART) {
      if (from > 0) await nextTurn();
      sample.push(...reading(() => weighAll(tags, places.slice(from, from + PART))));
    }
    const total = sizes.reduce((sum, size) => sum + size, 0);
    return { entries: shareOf(total, places.length, sample.length), sample, limitBytes };
  };
}
