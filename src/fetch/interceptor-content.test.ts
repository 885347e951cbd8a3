import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { readBody } from './interceptor-content.ts';

const { signal } = new AbortController();

async function read(body: unknown, maxBytes = 4) {
  const result = await readBody(body, maxBytes, signal);
  if (result.kind === 'read') return Buffer.from(result.bytes).toString();
  const rest = await buffer(Readable.from(result.body as AsyncIterable<Uint8Array>));
  return { rest: rest.toString() };
}

describe("a request's content", () => {
  it.each([
    ['text', 'text'],
    [null, ''],
    [Buffer.from('text'), 'text'],
    [new Uint8Array([116]).buffer, 't'],
    [new DataView(new Uint8Array([1, 116, 2]).buffer, 1, 1), 't'],
    [Readable.from([Buffer.from('te'), Buffer.from('xt')]), 'text'],
    [Readable.from([]), ''],
  ])('is read up to a length (%#)', async (body, text) => {
    expect(await read(body)).toBe(text);
  });

  it('that is longer can still be sent, all of it', async () => {
    const pieces = ['te', 'xt', 's', ' and', ' more'];
    expect(await read(Readable.from(pieces.map((piece) => Buffer.from(piece))))).toEqual({
      rest: 'texts and more',
    });
    expect(await readBody('longer', 4, signal)).toEqual({ kind: 'longer', body: 'longer' });
  });

  it('that only undici can read is left to it', async () => {
    const form = new FormData();
    expect(await readBody(form, 4, signal)).toEqual({ kind: 'longer', body: form });
  });

  it('is let go of when nobody wants the answer', async () => {
    const controller = new AbortController();
    const endless = new Readable({ read() {} });
    const reading = readBody(endless, 4, controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(reading).rejects.toMatchObject({ cause: reason });
    expect(endless.destroyed).toBe(true);
  });

  it('that fails, fails', async () => {
    const failing = new Readable({ read() {} });
    const reading = readBody(failing, 4, signal);
    failing.destroy(new Error('broken'));
    await expect(reading).rejects.toMatchObject({ cause: { message: 'broken' } });
  });
});
