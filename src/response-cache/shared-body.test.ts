import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { shareBody } from './shared-body.ts';

const collect = async (body: Readable) => Buffer.concat(await body.toArray());

/** A source that gives a chunk when told to. */
function tap() {
  const source = new Readable({ read() {} });
  return { source, give: (text: string) => source.push(Buffer.from(text)), end: () => source.push(null) };
}

describe('a shared body', () => {
  it('gives every reader all of it, late ones too', async () => {
    const { source, give, end } = tap();
    const body = shareBody(source, 1_000, () => {});
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
    const reader = shareBody(source, 1_000, () => {}).read();
    const first = new Promise((resolve) => reader.once('data', (chunk) => resolve(String(chunk))));
    give('early');
    expect(await first).toBe('early');
    end();
  });

  it('is not whole, and fails its readers, when the source breaks off', async () => {
    const { source, give } = tap();
    const body = shareBody(source, 1_000, () => {});
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
    const body = shareBody(source, 100_000, () => {});
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
    const body = shareBody(source, 1_000, () => {
      abandoned++;
      source.destroy();
    });
    const [one, two] = [body.read(), body.read()];
    give('x');
    one.destroy();
    await turn();
    expect(abandoned).toBe(0);
    two.destroy();
    await turn();
    expect(abandoned).toBe(1);
    expect(await body.whole).toBeNull();
  });

  it('goes on to the end without any reader', async () => {
    const { source, give, end } = tap();
    const body = shareBody(source, 1_000, () => expect.unreachable());
    give('for the store');
    end();
    expect(String(await body.whole)).toBe('for the store');
  });
});
