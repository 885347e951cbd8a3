import { buffer } from 'node:stream/consumers';
import { describe, expect, it, vi } from 'vitest';
import { systemClock as clock } from '../clock.ts';
import { DispatchedExchange } from './interceptor-exchange.ts';

function exchangeOf(change: Partial<ConstructorParameters<typeof DispatchedExchange>[0]> = {}) {
  const { signal } = new AbortController();
  const options = { clock, method: 'GET', signal, progress: null };
  return new DispatchedExchange({ ...options, onContext() {}, onInterim() {}, ...change });
}

const raw = (...fields: string[]) => fields.map((text) => Buffer.from(text, 'latin1'));
const certain = ['Date', 'now'];

/** Whether what only its end delimits may be stored. */
async function isUncertain(fields: Buffer[], text = 'OK', change = {}) {
  const exchange = exchangeOf(change);
  exchange.onConnect(() => {});
  exchange.onHeaders(200, fields, () => {}, text);
  return (await exchange.response).isUncertain;
}

describe('a content', () => {
  it('is whole where its length or its chunks say so', async () => {
    expect(await isUncertain(raw('Content-Length', '4'))).toBe(false);
    expect(await isUncertain(raw('Transfer-Encoding', 'Chunked'))).toBe(false);
    expect(await isUncertain(raw('Transfer-Encoding', 'gzip, chunked'))).toBe(true);
    expect(await isUncertain(raw(...certain))).toBe(true);
    expect(await isUncertain(raw(...certain), 'OK', { method: 'HEAD' })).toBe(false);
  });

  it('over HTTP/2, whose fields undici 8 gives by name, is whole where its length says so', async () => {
    for (const [fields, isLost] of [
      [{ date: 'now' }, true],
      [{ date: 'now', 'content-length': '4' }, false],
    ] as const) {
      const exchange = exchangeOf();
      const controller = { rawHeaders: fields, resume() {} } as never;
      exchange.onRequestStart(controller);
      exchange.onResponseStart(controller, 200, fields, '');
      expect(await exchange.response).toMatchObject({
        isUncertain: isLost,
        fields: Object.entries(fields).flat(),
      });
    }
  });

  it('that ends before its length, as undici lets it over HTTP/2, is broken off', async () => {
    const exchange = exchangeOf();
    exchange.onConnect(() => {});
    exchange.onHeaders(200, raw('content-length', '4'), () => {}, '');
    const { body } = await exchange.response;
    exchange.onData(Buffer.from('cut'));
    exchange.onComplete([]);
    await expect(buffer(body)).rejects.toMatchObject({ code: 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH' });
  });
});

describe('an exchange', () => {
  it('is given up at once, whoever has it', async () => {
    const controller = new AbortController();
    const exchange = exchangeOf({ signal: controller.signal });
    const abort = vi.fn();
    exchange.onConnect(abort);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(exchange.response).rejects.toMatchObject({ cause: reason });
    expect(abort).toHaveBeenCalledExactlyOnceWith(reason);
  });

  it('that waits for a connection is given up when it has one', async () => {
    const controller = new AbortController();
    const exchange = exchangeOf({ signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(exchange.response).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
    const abort = vi.fn();
    exchange.onConnect(abort);
    expect(abort).toHaveBeenCalledOnce();
  });

  it('has its source wait while nobody reads', async () => {
    const exchange = exchangeOf();
    const resume = vi.fn();
    exchange.onConnect(() => {});
    expect(exchange.onHeaders(200, raw('Content-Length', '100010'), resume, 'OK')).toBe(true);
    const { body } = await exchange.response;
    expect(exchange.onData(Buffer.alloc(100_000))).toBe(false);
    expect(resume).not.toHaveBeenCalled();
    body.resume();
    await expect.poll(() => resume.mock.calls.length).toBe(1);
    expect(exchange.onData(Buffer.alloc(10))).toBe(true);
    exchange.onComplete([]);
    await expect.poll(() => body.readableEnded).toBe(true);
  });
});
