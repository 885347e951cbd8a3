import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createByteBudget } from './byte-budget.ts';
import { type SharedBodyOptions, shareBody } from './shared-body.ts';

const collect = async (body: Readable) => Buffer.concat(await body.toArray());

const share = (source: Readable, change: Partial<SharedBodyOptions> = {}) =>
  shareBody(source, {
    keepBytes: 1_000,
    stallMs: 60_000,
    budget: createByteBudget(1_000_000),
    onAbandoned: () => {},
    ...change,
  });

/** A source that gives a chunk when told to. */
function tap() {
  const source = new Readable({ read() {} });
  return { source, give: (text: string) => source.push(Buffer.from(text)), end: () => source.push(null) };
}

/** A source with no end of chunks: one a turn, as fast as they are taken. */
function endless(chunk = Buffer.alloc(64 * 1024)) {
  let given = 0;
  const source = new Readable({
    highWaterMark: 1,
    read() {
      given++;
      setImmediate(() => this.push(chunk));
    },
  });
  return { source, given: () => given };
}

async function turns(count = 200): Promise<void> {
  for (let i = 0; i < count; i++) await turn();
}

describe('a shared body', () => {
  it('gives every reader all of it, late ones too', async () => {
    const { source, give, end } = tap();
    const body = share(source);
    const early = collect(body.read());
    give('one ');
    await turn();
    const late = collect(body.read());
    give('two');
    end();
    expect(String(await early)).toBe('one two');
    expect(String(await late)).toBe('one two');
    expect(String(await body.whole)).toBe('one two');
    expect(String(await collect(body.read()))).toBe('one two');
  });

  it('passes on the first byte before the last has come', async () => {
    const { source, give, end } = tap();
    const reader = share(source).read();
    const first = new Promise((resolve) => reader.once('data', (chunk) => resolve(String(chunk))));
    give('early');
    expect(await first).toBe('early');
    end();
  });

  it('is not whole, and fails its readers, when the source breaks off', async () => {
    const { source, give } = tap();
    const body = share(source);
    const reader = collect(body.read());
    give('half');
    await turn();
    source.destroy(new Error('cut'));
    await expect(reader).rejects.toThrow('cut');
    expect(await body.whole).toBeNull();
    expect(body.joinable).toBe(false);
  });

  it('beyond its bound keeps little, is not whole, and takes no new readers', async () => {
    const chunk = Buffer.alloc(64 * 1024);
    let given = 0;
    const source = new Readable({
      highWaterMark: 1,
      read() {
        this.push(given++ < 64 ? chunk : null);
      },
    });
    const body = share(source, { keepBytes: 100_000 });
    const fast = collect(body.read());
    const slow = body.read();
    for (let i = 0; i < 200; i++) await turn();
    // The source waits for the slow reader.
    expect(given).toBeLessThan(20);
    expect(body.joinable).toBe(false);
    expect((await collect(slow)).length).toBe(64 * chunk.length);
    expect((await fast).length).toBe(64 * chunk.length);
    expect(await body.whole).toBeNull();
  });

  it('is abandoned when its last reader leaves, and not before', async () => {
    let abandoned = 0;
    const { source, give } = tap();
    const body = share(source, {
      onAbandoned: () => {
        abandoned++;
        source.destroy();
      },
    });
    const [one, two] = [body.read(), body.read()];
    give('x');
    one.destroy();
    await turn();
    expect([abandoned, body.joinable]).toEqual([0, true]);
    two.destroy();
    // At once: what ends it takes a moment to do so.
    expect(body.joinable).toBe(false);
    await turn();
    expect(abandoned).toBe(1);
    expect(await body.whole).toBeNull();
  });

  it('goes on to the end without any reader', async () => {
    const { source, give, end } = tap();
    const body = share(source, { onAbandoned: () => expect.unreachable() });
    give('for the store');
    end();
    expect(String(await body.whole)).toBe('for the store');
  });
});

describe('a reader that holds the others up', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Past its bound, with a reader that takes all there is and one that takes nothing by itself. */
  function race() {
    // Only these: streams have turns of their own.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { source, given } = endless();
    const abandoned = vi.fn(() => source.destroy());
    const body = share(source, { keepBytes: 100_000, stallMs: 1_000, onAbandoned: abandoned });
    const [fast, slow] = [body.read(), body.read()];
    let taken = 0;
    fast.on('data', (chunk: Buffer) => {
      taken += chunk.length;
    });
    slow.on('error', () => {});
    fast.on('error', () => {});
    return { source, given, abandoned, body, fast, slow, taken: () => taken };
  }

  it('is cut off when it takes nothing for too long, and the others go on', async () => {
    const { source, slow, taken, given, abandoned } = race();
    await turns();
    const before = given();
    await turns();
    // The source waits for the slow one.
    expect(given()).toBe(before);
    vi.advanceTimersByTime(999);
    await turns();
    expect(slow.destroyed).toBe(false);
    vi.advanceTimersByTime(1);
    await turns();
    expect(slow.destroyed).toBe(true);
    expect(given()).toBeGreaterThan(before);
    expect(taken()).toBeGreaterThan(before * 64 * 1024 - 256 * 1024);
    expect(abandoned).not.toHaveBeenCalled();
    source.destroy();
    await turns();
  });

  it('is not cut off as long as it takes something', async () => {
    const { source, slow } = race();
    await turns();
    for (let i = 0; i < 20; i++) {
      vi.advanceTimersByTime(900);
      slow.read();
      await turns(20);
    }
    expect(slow.destroyed).toBe(false);
    source.destroy();
    await turns();
  });

  it('that is the last is cut off too, and the source let go', async () => {
    const { fast, slow, abandoned } = race();
    await turns();
    fast.destroy();
    await turns();
    expect(abandoned).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1_000);
    await turns();
    expect(slow.destroyed).toBe(true);
    expect(abandoned).toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is waited for without end while all of it can be kept', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { source, give, end } = tap();
    const body = share(source, { stallMs: 1_000 });
    const slow = body.read();
    give('kept');
    end();
    expect(String(await body.whole)).toBe('kept');
    expect(vi.getTimerCount()).toBe(0);
    expect(String(await collect(slow))).toBe('kept');
  });
});

describe('a body beyond its bound', () => {
  it('is let go when nobody came for it', async () => {
    const { source, given } = endless();
    const body = share(source, { keepBytes: 100_000, onAbandoned: () => source.destroy() });
    expect(await body.whole).toBeNull();
    expect(given()).toBeLessThan(10);
  });

  it('gives every byte to each of several readers of different pace, and keeps little', async () => {
    const bytes = Buffer.from(Array.from({ length: 2_000_000 }, (_, i) => i % 251));
    const body = share(Readable.from(chunksOf(bytes, 10_000), { objectMode: false }), { keepBytes: 50_000 });
    const readers = [0, 1, 3, 7].map((pause) => withPause(body.read(), pause));
    for (const each of await Promise.all(readers)) expect(each.equals(bytes)).toBe(true);
    expect(await body.whole).toBeNull();
  });
});

function* chunksOf(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Reads all, with so many turns between two chunks. */
async function withPause(body: Readable, pause: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
    await turns(pause);
  }
  return Buffer.concat(chunks);
}

describe('a body', () => {
  it('that finds the common budget spent is given out at its readers’ pace, and not kept', async () => {
    const chunk = Buffer.alloc(64 * 1024);
    const budget = createByteBudget(3 * chunk.length);
    const options = { keepBytes: 100 * chunk.length, budget };
    const pieces = (count: number) => Readable.from(Array.from({ length: count }, () => chunk));
    const kept = share(pieces(4), options);
    const slow = kept.read();
    expect(await kept.whole).toHaveLength(4 * chunk.length);
    // What the first holds for its reader is not there for the second.
    const second = share(pieces(3), options);
    expect(await collect(second.read())).toHaveLength(3 * chunk.length);
    expect(await second.whole).toBeNull();
    expect(await collect(slow)).toHaveLength(4 * chunk.length);
    await turns();
    const third = share(pieces(3), options);
    expect(await collect(third.read())).toHaveLength(3 * chunk.length);
    expect(await third.whole).toHaveLength(3 * chunk.length);
  });

  it('that is little is kept whatever others hold', async () => {
    const body = share(Readable.from([Buffer.alloc(900)]), { budget: createByteBudget(0) });
    expect(await collect(body.read())).toHaveLength(900);
    expect(await body.whole).toHaveLength(900);
  });
});
