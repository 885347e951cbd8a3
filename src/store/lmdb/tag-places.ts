import { type LmdbTree, read } from './lmdb-module.ts';
import { afterPrefix, placeKey, tagPrefixOf } from './record-keys.ts';
import { HEADER_BYTES } from './records.ts';

/**
 * The members of each tag in a list without gaps, so that they are counted and any of them is found without a walk over
 * all. A member's record knows its place.
 */
export interface TagPlaces {
  count(tagPrefix: Buffer): number;
  /** The key of the member's record; `null`: there are no longer so many. */
  at(tagPrefix: Buffer, place: number): Buffer | null;
  /** Gives a new member its place. Inside a transaction, as `leave`. */
  join(memberKey: Buffer): number;
  /** The last one takes the place of one that is gone. */
  leave(memberKey: Buffer, place: number): void;
}

/** Of the place in a member's record, after its header. */
export const PLACE_BYTES = 4;

export function createTagPlaces(records: LmdbTree): TagPlaces {
  function count(tagPrefix: Buffer): number {
    const list = placeKey(tagPrefix, 0).subarray(0, tagPrefix.length);
    const range = { start: afterPrefix(list), end: list, reverse: true, limit: 1 };
    for (const key of records.getKeys(range)) return key.readUInt32BE(tagPrefix.length) + 1;
    return 0;
  }

  function at(tagPrefix: Buffer, place: number): Buffer | null {
    const name = read(records, placeKey(tagPrefix, place));
    return name === undefined ? null : Buffer.concat([tagPrefix, name]);
  }

  function move(memberKey: Buffer, tagPrefix: Buffer, place: number): void {
    records.put(placeKey(tagPrefix, place), memberKey.subarray(tagPrefix.length));
    const record = Buffer.from(read(records, memberKey)!);
    record.writeUInt32BE(place, HEADER_BYTES);
    records.put(memberKey, record);
  }

  return {
    count,
    at,
    join(memberKey) {
      const tagPrefix = tagPrefixOf(memberKey);
      const place = count(tagPrefix);
      records.put(placeKey(tagPrefix, place), memberKey.subarray(tagPrefix.length));
      return place;
    },
    leave(memberKey, place) {
      const tagPrefix = tagPrefixOf(memberKey);
      const last = count(tagPrefix) - 1;
      if (place !== last) move(at(tagPrefix, last)!, tagPrefix, place);
      records.remove(placeKey(tagPrefix, last));
    },
  };
}
