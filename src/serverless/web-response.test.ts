import { Readable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Answer } from '../gateway/answer.ts';
import { WebRequest } from './web-request.ts';
import { sendAnswer } from './web-response.ts';

function send(answer: Partial<Answer>, init: RequestInit = {}) {
  const request = new WebRequest(new Request('https://gate.example/', init), '');
  return { request, ...sendAnswer(request, { status: 200, fields: [], body: null, ...answer }) };
}

/** A source whose chunks are made when they are asked for. */
function counted(chunks: number, failure?: Error) {
  let made = 0;
  const source = new Readable({
    highWaterMark: 1,
    read() {
      if (made === chunks) failure === undefined ? this.push(null) : this.destroy(failure);
      else {
        made += 1;
        this.push(Buffer.alloc(1_000));
      }
    },
  });
  return { source, made: () => made };
}

afterEach(() => void vi.useRealTimers());

describe('a body at hand', () => {
  it('is sent with its fields', async () => {
    const fields = ['Content-Length', '4', 'Set-Cookie', 'a=1', 'X-Own', 'é', 'set-cookie', 'b=2; Path=/'];
    const { response, sent } = send({ status: 206, fields, body: Buffer.from('four') });
    expect(sent).toBeNull();
    expect(response.status).toBe(206);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2; Path=/']);
    expect(response.headers.get('content-length')).toBe('4');
    expect(response.headers.get('x-own')).toBe('é');
    expect(await response.text()).toBe('four');
  });

  it('has no fields of a connection, nor of trailers that are not sent', () => {
    const fields = [
      'Connection',
      'close, X-Hop',
      'Transfer-Encoding',
      'chunked',
      'X-Hop',
      '1',
      'Trailer',
      'X-A',
    ];
    const { response } = send({ fields: [...fields, 'X-End', '1'] });
    expect([...response.headers.keys()]).toEqual(['x-end']);
  });

  it.each([204, 205, 304])('is not sent with %i', async (status) => {
    const { source } = counted(3);
    const { response, sent } = send({ status, fields: ['Content-Length', '3000'], body: source });
    expect(response.body).toBeNull();
    expect(sent).toBeNull();
    expect(source.destroyed).toBe(true);
    expect(send({ status, body: Buffer.from('a') }).response.body).toBeNull();
  });

  it('is not sent to HEAD, whose length stays', () => {
    const { source } = counted(3);
    const { response } = send({ fields: ['Content-Length', '3000'], body: source }, { method: 'HEAD' });
    expect(response.body).toBeNull();
    expect(response.headers.get('content-length')).toBe('3000');
    expect(source.destroyed).toBe(true);
    expect(send({ body: Buffer.from('a') }, { method: 'HEAD' }).response.body).toBeNull();
  });

  it('is let go of where no response can be made', () => {
    const { source } = counted(3);
    expect(() => send({ fields: ['X', 'a\nb'], body: source })).toThrow(TypeError);
    expect(source.destroyed).toBe(true);
    expect(() => send({ status: 999 })).toThrow(RangeError);
  });
});

describe('a streamed body', () => {
  it('is read as it is asked for', async () => {
    const { source, made } = counted(100);
    const { response, sent, request } = send({ body: source });
    const reader = response.body!.getReader();
    await reader.read();
    await new Promise((resolve) => setImmediate(resolve));
    expect(made()).toBeLessThan(5);
    let length = 1_000;
    for (let next = await reader.read(); !next.done; next = await reader.read()) length += next.value.length;
    expect(length).toBe(100_000);
    await sent;
    request.left();
    expect(request.signal.aborted).toBe(false);
  });

  it('fails where its source does, and does not end', async () => {
    const { source } = counted(3, new Error('https://origin.test/?key=secret'));
    const { response, sent } = send({ body: source });
    await expect(response.text()).rejects.toThrow(/^the answer broke off$/);
    await sent;
  });

  it('fails too when its source was broken before anybody read', async () => {
    const { source } = counted(3);
    const { response, sent } = send({ body: source });
    source.destroy(new Error('too late'));
    await sent;
    await expect(response.text()).rejects.toThrow();
  });

  it('is let go of when the client takes no more', async () => {
    const { source } = counted(100);
    const { response, sent, request } = send({ body: source });
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
    await sent;
    expect(source.destroyed).toBe(true);
    expect(request.signal.aborted).toBe(true);
  });

  it.each(['before', 'after'])('is let go of when the request is aborted %s it is sent', async (when) => {
    const client = new AbortController();
    if (when === 'before') client.abort();
    const { source } = counted(100);
    const { response, sent, request } = send({ body: source }, { signal: client.signal });
    client.abort();
    await sent;
    expect(source.destroyed).toBe(true);
    expect(request.signal.aborted).toBe(true);
    await expect(response.text()).rejects.toThrow();
  });

  it('is let go of when nobody reads it for so long', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { source } = counted(100);
    const { response, sent } = send({ body: source, stallMs: 1_000 });
    const reader = response.body!.getReader();
    await vi.advanceTimersByTimeAsync(900);
    await reader.read();
    await vi.advanceTimersByTimeAsync(900);
    expect(source.destroyed).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    expect(source.destroyed).toBe(true);
    await sent;
    await expect(reader.read()).rejects.toThrow('broke off');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves no timer behind', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { response } = send({ body: counted(3).source, stallMs: 1_000 });
    await response.text();
    expect(vi.getTimerCount()).toBe(0);
  });
});
