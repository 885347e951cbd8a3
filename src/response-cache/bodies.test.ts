import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { createStoreKeys, isPieceKey } from '../store/keys.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import type { Store } from '../store/store.ts';
import { type Bodies, type BodyPurpose, createBodies } from './bodies.ts';
import { createByteBudget } from './byte-budget.ts';
import { compressed, decompressed, isCompressible, OWN_CODING } from './compression.ts';
import { StoredEntry } from './entry.ts';
import type { PackedBody } from './stored-form.ts';

const keys = createStoreKeys('', 'secret');
const BASE = keys.response('api', '/');
const KIB = 1024;
const NOW = 1_800_000_000_000;
const JSON_TYPE = ['Content-Type', 'application/json'];

let written: { key: string; ttlMs: number; bytes: number }[];
let reads: number;
let store: Store;
let bodies: Bodies;
let purpose: BodyPurpose;

/** A store in memory that is taken for a distant one. */
function distantStore(): Store {
  const memory = createMemoryStore({ maxBytes: 64_000_000 });
  return {
    ...memory,
    kind: 'redis',
    get: async (names) => {
      reads += 1;
      return memory.get(names);
    },
    set: async (key, bytes, ttlMs, options) => {
      written.push({ key, ttlMs, bytes: bytes.length });
      return memory.set(key, bytes, ttlMs, options);
    },
  };
}

beforeEach(async () => {
  written = [];
  reads = 0;
  store = distantStore();
  bodies = createBodies({ store, keys, budget: createByteBudget(4_000_000) });
  const { fence } = await store.begin(BASE);
  purpose = { base: BASE, fence, fields: JSON_TYPE, compressFromBytes: null, ttlMs: 10_000, now: NOW };
});

function entryOf(body: Buffer | PackedBody): StoredEntry {
  const response = { status: 200, fields: [], requestAt: 0, responseAt: 0 };
  return new StoredEntry(response, body, {} as StoredEntry['assessment'], []);
}

async function packed(body: Buffer, change: Partial<BodyPurpose> = {}): Promise<PackedBody> {
  const result = await bodies.pack(body, { ...purpose, ...change });
  if (result === null || Buffer.isBuffer(result)) expect.unreachable();
  return result;
}

describe('a body', () => {
  it('of 64 KiB lies beside its head, as it is', async () => {
    const body = randomBytes(64 * KIB);
    expect(await bodies.pack(body, purpose)).toBe(body);
    expect(written).toEqual([]);
  });

  it('that is larger lies in pieces, which outlast their head', async () => {
    const body = randomBytes(600 * KIB);
    const { length, bytes, pieces } = await packed(body);
    expect([length, bytes, pieces!.count]).toEqual([body.length, null, 3]);
    expect(written.map(({ bytes: size }) => size - 9)).toEqual([255 * KIB, 255 * KIB, 90 * KIB]);
    expect(written.every(({ key }) => isPieceKey(key) && key.startsWith(BASE))).toBe(true);
    const lastingMs = pieces!.until - NOW;
    expect(lastingMs).toBeGreaterThan(purpose.ttlMs);
    for (const { ttlMs } of written) expect(ttlMs).toBeGreaterThan(lastingMs);
  });

  it('comes back, read once for all who ask at once, and not again', async () => {
    const body = randomBytes(600 * KIB);
    const whole = await packed(body);
    const entries = [entryOf(whole), entryOf(whole), entryOf(whole)];
    expect(await Promise.all(entries.map((each) => bodies.load(BASE, each)))).toEqual([true, true, true]);
    for (const each of entries) expect(each.body!.equals(body)).toBe(true);
    await bodies.load(BASE, entries[0]!);
    expect(reads).toBe(3);
  });

  it.each(['is gone', 'is something else', 'can not be read'])('is lost when a piece %s', async (what) => {
    const whole = await packed(randomBytes(600 * KIB));
    const key = keys.piece(BASE, whole.pieces!.id, 1);
    if (what === 'is gone') await store.delete([key]);
    else if (what === 'is something else') await store.set(key, randomBytes(300), 10_000);
    else await store.close();
    const entry = entryOf(whole);
    expect([await bodies.load(BASE, entry), entry.body]).toEqual([false, null]);
  });

  it('is not stored where its resource was dropped', async () => {
    await store.drop([BASE]);
    expect(await bodies.pack(randomBytes(600 * KIB), purpose)).toBeNull();
    expect(written).toHaveLength(1);
  });

  it('goes with its resource, and when it is discarded', async () => {
    const [one, other] = [await packed(randomBytes(100 * KIB)), await packed(randomBytes(100 * KIB))];
    await bodies.discard(BASE, one.pieces!);
    expect([await bodies.load(BASE, entryOf(one)), await bodies.load(BASE, entryOf(other))]).toEqual([
      false,
      true,
    ]);
    await store.drop([BASE]);
    expect(await bodies.load(BASE, entryOf(other))).toBe(false);
  });

  it('is not read where that would hold too much in memory', async () => {
    const whole = await packed(randomBytes(600 * KIB));
    const small = createBodies({ store, keys, budget: createByteBudget(600 * KIB - 1) });
    expect(await small.load(BASE, entryOf(whole))).toBe(false);
    expect(reads).toBe(0);
  });

  it('in this process’s memory lies as it is, whatever its size', async () => {
    const here = createBodies({ store: { ...store, kind: 'memory' }, keys, budget: createByteBudget(1) });
    const body = Buffer.alloc(600 * KIB, 'a');
    expect(await here.pack(body, { ...purpose, compressFromBytes: 1 })).toBe(body);
  });
});

describe('a body that is compressed', () => {
  const text = Buffer.from(JSON.stringify(Array.from({ length: 40_000 }, (_, i) => ({ number: i }))));
  const compressing = { compressFromBytes: KIB };

  it('comes back, beside its head or in pieces', async () => {
    const mixed = Buffer.concat([randomBytes(300 * KIB), Buffer.alloc(300 * KIB)]);
    for (const [body, count] of [
      [text.subarray(0, 20_000), 0],
      [mixed, 2],
    ] as const) {
      const whole = await packed(body, compressing);
      expect([whole.coding, whole.pieces?.count ?? 0]).toEqual([OWN_CODING, count]);
      const entry = entryOf(whole);
      expect([await bodies.load(BASE, entry), entry.body!.equals(body)]).toEqual([true, true]);
    }
  });

  it.each<[string, Buffer, readonly string[]]>([
    ['small', text.subarray(0, KIB - 1), JSON_TYPE],
    ['of a kind that is compressed already', text.subarray(0, 9_000), ['Content-Type', 'image/png']],
    ['of no kind', text.subarray(0, 9_000), []],
    ['encoded by its origin', text.subarray(0, 9_000), [...JSON_TYPE, 'Content-Encoding', 'gzip']],
    ['no smaller then', randomBytes(9_000), JSON_TYPE],
  ])('is none that is %s', async (_what, body, fields) => {
    expect(await bodies.pack(body, { ...purpose, ...compressing, fields })).toBe(body);
  });

  it('is unpacked to the length that it says, and not a byte further', async () => {
    const bytes = (await compressed(text))!;
    expect((await decompressed(bytes, OWN_CODING, text.length))!.equals(text)).toBe(true);
    for (const length of [0, 1, text.length - 1, text.length + 1]) {
      expect(await decompressed(bytes, OWN_CODING, length), String(length)).toBeNull();
    }
    expect(await decompressed(bytes.subarray(0, -4), OWN_CODING, text.length)).toBeNull();
    expect(await decompressed(randomBytes(100), 'br', 1_000)).toBeNull();
    expect(await decompressed(randomBytes(100), 'zstd', 1_000)).toBeNull();
  });
});

it.each([
  ['text/html; charset=utf-8', true],
  ['application/json', true],
  ['application/problem+json', true],
  ['image/svg+xml', true],
  ['image/jpeg', false],
  ['application/zip', false],
  ['application/octet-stream', false],
])('%s is of a kind that becomes smaller: %s', (type, expected) => {
  expect(isCompressible(['Content-Type', type])).toBe(expected);
});
