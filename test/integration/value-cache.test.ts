import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Background, createBackground } from '../../src/background.ts';
import { createStoreKeys } from '../../src/store/keys.ts';
import { createNearStore } from '../../src/store/near/near-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createValkeyStore } from '../../src/store/valkey/valkey-store.ts';
import { createValueCache } from '../../src/value-cache/create-value-cache.ts';
import type { ValueCache } from '../../src/value-cache/value-cache.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

// Values of two processes, as each would have them, on one Valkey.

const PATIENT = { timeout: 10_000 };
const MINUTE = { ttlSeconds: 60 };
const KEYS = createStoreKeys('', 'secret');

interface Process {
  readonly store: Store;
  readonly background: Background;
  readonly cache: ValueCache;
}

let valkey: ValkeyServer;
beforeAll(async () => {
  valkey = await startValkeyServer();
});
afterAll(() => valkey.stop());

const plain = () => createValkeyStore({ url: valkey.url });
const near = () => createNearStore(plain(), { maxBytes: 8_000_000, maxAgeMs: 1_000, isNear: () => true });

describe.each([
  ['Valkey', plain],
  ['Valkey with near copies', near],
])('the values of two processes on %s', (_name, open) => {
  let a: Process;
  let b: Process;
  let key: string;

  async function startProcess(): Promise<Process> {
    const store = open();
    await store.ping();
    const background = createBackground(100, () => {});
    return { store, background, cache: createValueCache({ store, keys: KEYS, background, observer: {} }) };
  }

  beforeEach(async () => {
    [a, b] = await Promise.all([startProcess(), startProcess()]);
    key = `a key with spaces ${randomBytes(6).toString('hex')}`;
  });
  afterEach(async () => {
    for (const { background, store } of [a, b]) {
      await background.settle(5_000);
      await store.close();
    }
  });

  /** Made once it is told to; says by whom. */
  function making() {
    const makers: string[] = [];
    let goOn: () => void = () => {};
    const told = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const by = (name: string) => async () => {
      makers.push(name);
      await told;
      return { by: name };
    };
    return { makers, by, goOn: () => goOn() };
  }

  it('are seen by both', async () => {
    expect(await a.cache.set(key, { n: 1 }, MINUTE)).toBe(true);
    expect(await b.cache.get(key)).toEqual({ n: 1 });
    await b.cache.set(key, { n: 2 }, MINUTE);
    await expect.poll(() => a.cache.get(key), PATIENT).toEqual({ n: 2 });
    expect(await a.cache.delete(key)).toBe(true);
    await expect.poll(() => b.cache.get(key), PATIENT).toBeUndefined();
  });

  it('are made by one of them for both', async () => {
    const { makers, by, goOn } = making();
    const all = [a, a, b, b].map(({ cache }, i) => cache.remember(key, MINUTE, by(i < 2 ? 'a' : 'b')));
    await expect.poll(() => makers.length, PATIENT).toBe(1);
    // By now the other waits for it.
    await new Promise((resolve) => setTimeout(resolve, 60));
    goOn();
    expect(await Promise.all(all)).toEqual(Array(4).fill({ by: makers[0] }));
    expect(makers).toHaveLength(1);
  });

  it('are made by all that wait, one of each process, where the first fails', async () => {
    const { makers, by, goOn } = making();
    const failing = a.cache.remember(key, MINUTE, async () => {
      await by('a')();
      throw new Error('no database');
    });
    await expect.poll(() => makers.length, PATIENT).toBe(1);
    const next = b.cache.remember(key, MINUTE, by('b'));
    goOn();
    await expect(failing).rejects.toThrow('no database');
    expect(await next).toEqual({ by: 'b' });
  });

  it('are not waited for, nor stored, where the other has dropped them meanwhile', async () => {
    const { makers, by, goOn } = making();
    const old = a.cache.remember(key, { ...MINUTE, tags: ['news'] }, by('a'));
    await expect.poll(() => makers.length, PATIENT).toBe(1);
    await b.cache.invalidate('news');
    await b.cache.delete(key);
    expect(await b.cache.remember(key, MINUTE, async () => ({ by: 'b' }))).toEqual({ by: 'b' });
    goOn();
    expect(await old).toEqual({ by: 'a' });
    await a.background.settle(5_000);
    await expect.poll(() => a.cache.get(key), PATIENT).toEqual({ by: 'b' });
  });

  it('are found by their tags, whoever has stored them', async () => {
    const tag = `tag ${key}`;
    await a.cache.set(`${key} 1`, 1, { ...MINUTE, tags: [tag] });
    await b.cache.set(`${key} 2`, 2, { ...MINUTE, tags: [tag, 'other'] });
    expect(await a.cache.invalidate(tag)).toBe(2);
    await expect.poll(() => b.cache.get(`${key} 1`), PATIENT).toBeUndefined();
    await expect.poll(() => b.cache.get(`${key} 2`), PATIENT).toBeUndefined();
  });

  it('end by themselves, tags and all', async () => {
    await a.cache.set(key, 1, { ttlSeconds: 0.05, tags: ['short'] });
    await expect.poll(() => b.cache.get(key), PATIENT).toBeUndefined();
  });
});
