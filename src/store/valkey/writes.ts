import { groupKeys } from '../group-keys.ts';
import type { ScriptedGroups } from '../scripts/scripted-groups.ts';
import type { ReplaceOptions, SetOptions, Store } from '../store.ts';
import { valueTooLarge } from '../store-errors.ts';
import type { Sender } from './sender.ts';
import { keysBySlot } from './slot-parts.ts';
import type { Tracking } from './tracking.ts';

export interface WritesOptions {
  readonly sender: Sender;
  readonly groups: ScriptedGroups;
  readonly tracking: Tracking;
  /** Of a key, where commands must keep to one. */
  readonly slotOf: ((key: string) => number) | null;
}

/** The part of the store that writes single values. */
export function createWrites(options: WritesOptions): Pick<Store, 'set' | 'replace' | 'delete'> {
  const { sender, groups, tracking, slotOf } = options;

  function refuse(bytes: Buffer): void {
    sender.open();
    const refusal = valueTooLarge(bytes.length);
    if (refusal !== null) throw refusal;
  }

  /** Tells of a change when it may happen, and when it has: what is read in between may be either. */
  async function changing<T>(keys: readonly string[], change: () => Promise<T>): Promise<T> {
    for (const key of keys) tracking.noteChange(key);
    try {
      return await change();
    } finally {
      for (const key of keys) tracking.noteChange(key);
    }
  }

  async function setAlone(
    key: string,
    bytes: Buffer,
    ttlMs: number,
    onlyIfAbsent: boolean,
  ): Promise<boolean> {
    const args = [key, bytes, 'PX', ttlMs];
    if (onlyIfAbsent) args.push('NX');
    return (await sender.command('set', args)) === 'OK';
  }

  async function set(key: string, bytes: Buffer, ttlMs: number, options: SetOptions = {}): Promise<boolean> {
    refuse(bytes);
    const { group, fence, tags = [], onlyIfAbsent = false, endLease } = options;
    const guarded = fence !== undefined || tags.length > 0 || endLease !== undefined;
    const alone = group === undefined || (group === key && !guarded);
    const fills = endLease === undefined || group === undefined ? undefined : groupKeys(group)?.fills;
    return changing(fills === undefined ? [key] : [key, fills], () =>
      alone
        ? setAlone(key, bytes, ttlMs, onlyIfAbsent)
        : groups.set(key, bytes, ttlMs, { ...options, group }),
    );
  }

  async function replace(
    key: string,
    expected: Buffer,
    bytes: Buffer,
    ttlMs: number,
    options?: ReplaceOptions,
  ): Promise<boolean> {
    refuse(bytes);
    const forms = [{ begins: '', from: 0, rest: expected, next: bytes }];
    return changing([key], () => groups.replace(key, forms, ttlMs, options));
  }

  async function remove(keys: readonly string[]): Promise<number> {
    sender.open();
    if (keys.length === 0) return 0;
    const parts = slotOf === null ? [keys] : keysBySlot(keys, slotOf);
    const counts = await changing(keys, () =>
      Promise.all(parts.map(async (part) => Number(await sender.command('unlink', [...part])))),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  return { set, replace, delete: remove };
}
