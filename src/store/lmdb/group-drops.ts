import type { DropOptions } from '../store.ts';
import type { Fills } from './fills.ts';
import { type Journal, TAG_DROP } from './journal.ts';
import type { LmdbTree } from './lmdb-module.ts';
import { afterPrefix, pairPrefix } from './record-keys.ts';
import type { TagMembers } from './tag-members.ts';
import type { Values } from './values.ts';
import type { Turn, WriteTurns } from './write-turns.ts';

/** Drops groups, a bounded number at a time. */
export interface GroupDrops {
  drop(bases: readonly string[], options?: DropOptions): Promise<number>;
  dropTagged(tags: readonly string[], options?: DropOptions): Promise<number>;
}

/** At most so many groups, or keys of one, in a transaction. */
const PART = 64;

export function createGroupDrops(
  records: LmdbTree,
  turns: WriteTurns,
  parts: { values: Values; fills: Fills; members: TagMembers; journal: Journal },
  now: () => number,
): GroupDrops {
  const { values, fills, members, journal } = parts;

  function dropKey(turn: Turn, key: string, markedAt: number | undefined): boolean {
    return markedAt === undefined ? values.remove(turn, key) : values.mark(turn, key, markedAt);
  }

  /** With the fills goes every fence, so that what else the group has can follow. */
  function dropBase(turn: Turn, base: string, markedAt: number | undefined, byTag: boolean): boolean {
    const filled = fills.drop(base);
    turn.dropped(base);
    const held = dropKey(turn, base, markedAt);
    // Of what a tag drops there may be more than the journal has room for.
    if (filled || (held && !byTag)) journal.add(base);
    return held;
  }

  /** The keys that a group has beside its base, from one on. */
  function keysBeside(base: string, start: Buffer | null): { keys: string[]; next: Buffer | null } {
    const prefix = pairPrefix('k', base);
    const range = { start: start ?? prefix, end: afterPrefix(prefix), limit: PART + 1 };
    const found = Array.from(records.getRange(range));
    const keys = found
      .slice(0, PART)
      .map(({ key, value }) => (value.length > 0 ? value.toString() : key.toString('utf8', prefix.length)));
    return { keys, next: found[PART]?.key ?? null };
  }

  function dropBeside(turn: Turn, base: string, start: Buffer | null, markedAt: number | undefined) {
    const { keys, next } = keysBeside(base, start);
    let held = false;
    for (const key of keys) held = dropKey(turn, key, markedAt) || held;
    return { held, next };
  }

  /** Drops some groups; answers how many held a value. With `tags` that they have, those are gone too. */
  async function dropPart(
    bases: readonly string[],
    markedAt: number | undefined,
    tags: readonly string[] = [],
  ): Promise<number> {
    const begun = await turns.run((turn) =>
      bases.map((base) => {
        // In this transaction: what is written to the group from here on has its tags anew.
        if (markedAt === undefined) for (const tag of tags) members.remove(tag, base);
        const heldBase = dropBase(turn, base, markedAt, tags.length > 0);
        const { held, next } = dropBeside(turn, base, null, markedAt);
        return { base, held: heldBase || held, next };
      }),
    );
    let dropped = 0;
    for (const { base, held, next } of begun)
      if ((await dropRest(base, next, markedAt)) || held) dropped += 1;
    return dropped;
  }

  async function dropRest(
    base: string,
    start: Buffer | null,
    markedAt: number | undefined,
  ): Promise<boolean> {
    let held = false;
    let from = start;
    while (from !== null) {
      const at: Buffer = from;
      const part = await turns.run((turn) => dropBeside(turn, base, at, markedAt));
      held = part.held || held;
      from = part.next;
    }
    return held;
  }

  async function drop(bases: readonly string[], { markedAt }: DropOptions = {}): Promise<number> {
    let dropped = 0;
    for (let at = 0; at < bases.length; at += PART) {
      dropped += await dropPart(bases.slice(at, at + PART), markedAt);
    }
    return dropped;
  }

  async function dropTagged(tags: readonly string[], { markedAt }: DropOptions = {}): Promise<number> {
    const [first, ...others] = tags;
    if (first === undefined) return 0;
    // What is written with the tag from here on is written without a fence older than this.
    await turns.run((turn) => {
      members.drop(turn, first);
      journal.add(TAG_DROP);
      turn.dropped(TAG_DROP);
    });
    let dropped = 0;
    let cursor: Buffer | null = null;
    do {
      const part = members.part(first, cursor, PART, now());
      const bases = part.bases.filter((base) => others.every((tag) => members.has(tag, base, now())));
      if (bases.length > 0) dropped += await dropPart(bases, markedAt, tags);
      cursor = part.cursor;
    } while (cursor !== null);
    return dropped;
  }

  return { drop, dropTagged };
}
