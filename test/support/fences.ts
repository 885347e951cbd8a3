import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Store } from '../../src/store/store.ts';

export interface FenceFindings {
  /** Values that were read after a drop was acknowledged, and that were asked for before it began. */
  readonly stale: readonly string[];
  readonly written: number;
  readonly refused: number;
  readonly drops: number;
}

const MINUTE = 60_000;
const GROUPS = 6;

/**
 * Several processes' stores fill and drop the same few groups at random, by base and by tags; the "origin" is a number
 * that grows before each drop. What a drop has acknowledged must never be read again.
 */
export async function findStale(stores: readonly Store[], forMs: number): Promise<FenceFindings> {
  const id = randomUUID();
  const newBase = () => `response:{${randomUUID()}}`;
  const bases = Array.from({ length: GROUPS }, newBase);
  const tagsOf = (group: number) => [`tag:{${id}:all}`, `tag:{${id}:${group % 2}}`];
  /** What the origin answers with now, for each place in the list. */
  const origin = bases.map(() => 1);
  /** The oldest that may still be read, by place (what was dropped by tags) or base. */
  const oldest = new Map<number | string, number>();
  /** What was written last. */
  const recent: { base: string; group: number }[] = [];
  const stale: string[] = [];
  const counts = { written: 0, refused: 0, drops: 0 };
  const end = performance.now() + forMs;
  const pick = (count: number) => Math.floor(Math.random() * count);
  const pause = () => (pick(3) === 0 ? sleep(pick(6)) : undefined);

  async function fill(store: Store): Promise<void> {
    const group = pick(GROUPS);
    // Now and then one that no tag knows of yet.
    if (pick(8) === 0) bases[group] = newBase();
    const base = bases[group]!;
    const { fence } = await store.begin(base);
    const version = origin[group]!;
    await pause();
    const key = pick(2) === 0 ? base : `${base}:v${pick(3)}`;
    const options = { group: base, fence, tags: tagsOf(group) };
    const written = await store.set(key, Buffer.from(String(version)), MINUTE, options);
    counts[written ? 'written' : 'refused'] += 1;
    if (written && recent.unshift({ base, group }) > 30) recent.pop();
  }

  async function drop(store: Store): Promise<void> {
    const kind = pick(3);
    const groups = bases.map((_, i) => i).filter((i) => kind === 0 || (kind === 1 ? i % 2 === 0 : i === 0));
    for (const group of groups) origin[group]! += 1;
    const versions = groups.map((group) => origin[group]!);
    const dropped = kind === 2 ? [bases[0]!] : groups;
    if (kind === 0) await store.dropTagged([`tag:{${id}:all}`]);
    else if (kind === 1) await store.dropTagged([`tag:{${id}:all}`, `tag:{${id}:0}`]);
    else await store.drop([bases[0]!]);
    dropped.forEach((what, i) => void oldest.set(what, Math.max(oldest.get(what) ?? 0, versions[i]!)));
    counts.drops += 1;
    await sleep(pick(20));
  }

  async function read(store: Store): Promise<void> {
    const one = recent[pick(recent.length)];
    if (one === undefined) return sleep(1);
    const { base, group } = one;
    const least = Math.max(oldest.get(group) ?? 0, oldest.get(base) ?? 0);
    const keys = [base, ...[0, 1, 2].map((i) => `${base}:v${i}`)];
    const values = await store.get(keys);
    values.forEach((value, i) => {
      if (value !== null && Number(value.bytes) < least) stale.push(`${keys[i]}: ${value.bytes} < ${least}`);
    });
  }

  async function repeat(step: () => Promise<void>): Promise<void> {
    while (performance.now() < end) await step();
  }

  await Promise.all(
    stores.flatMap((store) => [
      ...Array.from({ length: 4 }, () => repeat(() => fill(store))),
      repeat(() => drop(store)),
      repeat(() => read(store)),
    ]),
  );
  for (let i = 0; i < 60; i++) await read(stores[0]!);
  return { stale, ...counts };
}
