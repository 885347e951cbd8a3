import { MAX_VALUE_BYTES, type ReplaceOptions, type SetOptions } from '../store.ts';
import { valueTooLarge } from '../store-errors.ts';
import { type LmdbTree, read } from './lmdb-module.ts';
import type { MapParts } from './map-parts.ts';
import { recordKey } from './record-keys.ts';
import type { Turn, WriteTurns } from './write-turns.ts';

/** The writes of single values. */
export interface ValueWrites {
  set(key: string, bytes: Buffer, ttlMs: number, options?: SetOptions): Promise<boolean>;
  replace(
    key: string,
    expected: Buffer,
    bytes: Buffer,
    ttlMs: number,
    options?: ReplaceOptions,
  ): Promise<boolean>;
  delete(keys: readonly string[]): Promise<number>;
}

const NO_TAGS: readonly string[] = [];
const DELETED_AT_ONCE = 256;

/**
 * @param limitBytes of the file, of which one value may take an eighth: what is freed for it can only be used after it
 * @param wake tells who waits for a group that a lease of it was ended
 */
export function createValueWrites(
  records: LmdbTree,
  turns: WriteTurns,
  { values, fills, members, space }: MapParts,
  limitBytes: number,
  wake: (base: string) => void,
): ValueWrites {
  function check(bytes: Buffer): void {
    const refusal = valueTooLarge(bytes.length, Math.min(MAX_VALUE_BYTES, limitBytes / 8));
    if (refusal !== null) throw refusal;
  }

  function stands(turn: Turn, { group = '', fence, tags = NO_TAGS }: SetOptions): boolean {
    return fence === undefined || fills.stands(turn, group, fence, tags);
  }

  function write(turn: Turn, key: string, bytes: Buffer, ttlMs: number, options: SetOptions): boolean {
    if (options.onlyIfAbsent === true && values.head(key, turn.now) !== null) return false;
    if (!stands(turn, options)) return false;
    const { group = null, endLease } = options;
    put(turn, key, bytes, ttlMs, group, options.tags);
    if (group !== null && endLease !== undefined) fills.end(turn, group, endLease, 0);
    return true;
  }

  function put(
    turn: Turn,
    key: string,
    bytes: Buffer,
    ttlMs: number,
    base: string | null,
    tags: readonly string[] = NO_TAGS,
  ): void {
    space.ensure(turn, bytes.length);
    const expiresAt = turn.now + ttlMs;
    values.put(turn, key, bytes, expiresAt, base);
    if (base !== null) for (const tag of tags) members.add(turn, tag, base, expiresAt);
  }

  /** The base of a value's group if it is the expected one; `undefined`: it is not. */
  function baseIfEqual(turn: Turn, key: string, expected: Buffer): string | null | undefined {
    const head = values.head(key, turn.now);
    if (head === null || head.length !== expected.length) return undefined;
    const record = read(records, recordKey('v', key));
    return record !== undefined && values.bytes(record)?.equals(expected) === true ? head.base : undefined;
  }

  return {
    async set(key, bytes, ttlMs, options = {}) {
      check(bytes);
      const own = Buffer.from(bytes);
      const written = await turns.run((turn) => write(turn, key, own, ttlMs, options), own.length);
      if (written && options.group !== undefined && options.endLease !== undefined) wake(options.group);
      return written;
    },
    replace(key, expected, bytes, ttlMs, { group, tags } = {}) {
      check(bytes);
      const [before, own] = [Buffer.from(expected), Buffer.from(bytes)];
      return turns.run((turn) => {
        const base = baseIfEqual(turn, key, before);
        if (base === undefined) return false;
        put(turn, key, own, ttlMs, group ?? base, tags);
        return true;
      }, own.length + before.length);
    },
    async delete(keys) {
      const own = [...keys];
      let deleted = 0;
      for (let at = 0; at < own.length; at += DELETED_AT_ONCE) {
        const part = own.slice(at, at + DELETED_AT_ONCE);
        deleted += await turns.run((turn) => part.filter((key) => values.remove(turn, key)).length);
      }
      return deleted;
    },
  };
}
