import { randomInt } from 'node:crypto';
import { type LmdbTree, read } from './lmdb-module.ts';
import { journalKey } from './record-keys.ts';

/**
 * The last drops of groups, for the other processes: what they are fetching for one, or know of it, is older than its
 * drop. Values need none of it, since each read asks the map.
 */
export interface Journal {
  /** Inside a transaction. */
  add(base: string): void;
  /** What others have added since the last call; `null`: more than is remembered. */
  news(): readonly string[] | null;
}

/** Stands in the journal, and among what is told, for a drop by a tag: no group has it for its base. */
export const TAG_DROP = '';

/** So many are remembered. */
const ENTRIES = 1_024;
const HEAD = 'sjournal';

export function createJournal(records: LmdbTree): Journal {
  /** Tells this process's entries from others'. */
  const self = randomInt(2 ** 47);
  let seen = length();

  function length(): number {
    return read(records, HEAD)?.readDoubleBE() ?? 0;
  }

  function others(from: number, to: number): string[] {
    const bases: string[] = [];
    for (let at = from; at < to; at++) {
      const entry = read(records, journalKey(at % ENTRIES));
      if (entry !== undefined && entry.readUIntBE(0, 6) !== self) bases.push(entry.toString('utf8', 6));
    }
    return bases;
  }

  return {
    add(base) {
      const at = length();
      const entry = Buffer.alloc(6 + Buffer.byteLength(base));
      entry.writeUIntBE(self, 0, 6);
      entry.write(base, 6);
      records.put(journalKey(at % ENTRIES), entry);
      const head = Buffer.alloc(8);
      head.writeDoubleBE(at + 1);
      records.put(HEAD, head);
    },
    news() {
      const [from, to] = [seen, length()];
      seen = to;
      return to - from > ENTRIES ? null : others(from, to);
    },
  };
}
