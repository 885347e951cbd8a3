import type { Expiring, ExpiryIndex } from './expiry-index.ts';
import { type LmdbTree, read } from './lmdb-module.ts';
import { isMemberKey } from './record-keys.ts';
import { expiryOf, stampOf } from './records.ts';
import type { TagMembers } from './tag-members.ts';
import type { Values } from './values.ts';
import type { Turn } from './write-turns.ts';

/** Removes what has expired, and before its time what there is no room for. Inside a transaction. */
export interface Sweep {
  /** Answers whether there may be more. */
  expired(turn: Turn, limit: number): boolean;
  /** Answers how many values were removed. */
  soonest(turn: Turn, limit: number): number;
}

export function createSweep(
  records: LmdbTree,
  index: ExpiryIndex,
  values: Values,
  members: TagMembers,
): Sweep {
  function removeValue(turn: Turn, { key, stamp, indexKey }: Expiring): void {
    const record = read(records, key);
    if (record !== undefined && stampOf(record) === stamp) values.remove(turn, key.toString('utf8', 1));
    else records.remove(indexKey);
  }

  /** Records other than values stand in the index once, where they first were to expire. */
  function settle(turn: Turn, { key, stamp, indexKey }: Expiring): void {
    records.remove(indexKey);
    const record = read(records, key);
    if (record === undefined || stampOf(record) !== stamp) return;
    const expiresAt = expiryOf(record);
    if (expiresAt > turn.now) index.add('y', expiresAt, stamp, key);
    else if (isMemberKey(key)) members.removeKey(key);
    else records.remove(key);
  }

  return {
    expired(turn, limit) {
      const dead = index.soonest('x', limit, turn.now);
      const due = index.soonest('y', limit, turn.now);
      for (const each of dead) removeValue(turn, each);
      for (const each of due) settle(turn, each);
      return dead.length === limit || due.length === limit;
    },
    soonest(turn, limit) {
      const oldest = index.soonest('x', limit);
      for (const each of oldest) removeValue(turn, each);
      return oldest.length;
    },
  };
}
