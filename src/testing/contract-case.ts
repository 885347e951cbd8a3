import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Store } from '../store/store.ts';

/** How the contract gets at a backend. */
export interface StoreHarness {
  /** Opens a store. It need not be empty: every case has keys of its own, and deletes them. */
  create(): Store | Promise<Store>;
  /** Lets `ms` milliseconds pass for the store, or a little more. */
  advance(ms: number): void | Promise<void>;
}

export interface ContractCase {
  readonly name: string;
  run(harness: StoreHarness): Promise<void>;
}

export interface ContractContext {
  readonly store: Store;
  advance(ms: number): void | Promise<void>;
  /** A key of this case's own. */
  key(name: string): string;
  /** A key of this case's own in a Cluster slot that all with this tag share: `{tag}` and what follows. */
  slotKey(tag: string, rest?: string): string;
}

export const MINUTE = 60_000;

/** A case with keys of its own, which are deleted after it. */
export function contractCase(name: string, check: (context: ContractContext) => Promise<void>): ContractCase {
  return {
    name,
    async run(harness) {
      const id = randomUUID();
      const keys = new Set<string>();
      const own = (key: string) => {
        keys.add(key);
        return key;
      };
      const store = await harness.create();
      try {
        await check({
          store,
          key: (suffix) => own(`contract:${id}:${suffix}`),
          slotKey: (tag, rest = '') => own(`contract:{${id}:${tag}}${rest}`),
          advance: (ms) => harness.advance(ms),
        });
      } finally {
        await deleteUnlessClosed(store, [...keys]);
        await store.close();
      }
    },
  };
}

async function deleteUnlessClosed(store: Store, keys: readonly string[]): Promise<void> {
  try {
    await store.delete(keys);
  } catch (error) {
    assert.equal((error as { code?: unknown }).code, 'ERR_STORE_CLOSED');
  }
}

export async function assertRejects(call: () => unknown, code: string): Promise<void> {
  await assert.rejects(async () => call(), { code });
}

/** The values of keys as characters, a byte each. */
export async function textsOf(store: Store, keys: readonly string[]): Promise<(string | null)[]> {
  return (await store.get(keys)).map((value) => value?.bytes.toString('latin1') ?? null);
}

/** All groups that have a tag, in order. */
export async function membersOf(store: Store, tag: string): Promise<string[]> {
  const found = new Set<string>();
  let cursor: string | null = null;
  do {
    const part = await store.members(tag, cursor);
    for (const base of part.bases) found.add(base);
    cursor = part.cursor;
  } while (cursor !== null);
  return [...found].sort();
}
