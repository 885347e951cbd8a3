import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../clock.ts';
import { createOriginFetch, type OriginRequest } from './origin-fetch.ts';

const ask = createOriginFetch(globalThis.fetch, systemClock);

let server: Server | null = null;
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  server?.close();
  server = null;
});

/** @param answer told of all that has arrived on a connection, whenever more has */
async function start(answer: (socket: Socket, received: string) => void): Promise<string> {
  server = createServer((socket) => {
    let received = '';
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
      answer(socket, received);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

function requestTo(url: string, change: Partial<OriginRequest> = {}): OriginRequest {
  const { signal } = new AbortController();
  return {
    ...{ url, method: 'GET', fields: [], content: null, signal, dispatcher: undefined },
    ...{ headersMs: 10_000, bodyMs: 10_000, budget: null },
    ...change,
  };
}
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    (error: { code?: string }) => error.code,
  );

/** The first connection is over; the runtime may have made another for what is to come. */
const isLeft = () => vi.waitUntil(() => [...sockets][0]!.destroyed, { timeout: 10_000 });

describe('an origin', () => {
  it('that says no header section in time is too late', async () => {
    const url = await start((socket) => void socket.write('HTTP/1.1 200 OK\r\n'));
    let signal: AbortSignal | null | undefined;
    const watched: typeof fetch = (input, init) => {
      signal = init?.signal;
      return fetch(input, init);
    };
    const late = createOriginFetch(watched, systemClock)(requestTo(url, { headersMs: 50 }));
    expect(await codeOf(late)).toBe('ERR_ORIGIN_TIMEOUT');
    expect(signal?.aborted).toBe(true);
  });

  it('that stops in its content is too late', async () => {
    const url = await start((socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha'));
    const { body } = await ask(requestTo(url, { bodyMs: 50 }));
    expect(await codeOf(body.toArray())).toBe('ERR_ORIGIN_TIMEOUT');
    await isLeft();
  });

  it('that is not there can not be reached', async () => {
    const url = await start(() => {});
    server!.close();
    await once(server!, 'close');
    expect(await codeOf(ask(requestTo(url)))).toBe('ERR_ORIGIN_CONNECT');
  });

  it('that breaks off, or is no server of HTTP, can not be read', async () => {
    const url = await start((socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha'));
    const { body } = await ask(requestTo(url));
    expect(await codeOf(body.toArray())).toBe('ERR_ORIGIN_PROTOCOL');
    const other = await start((socket) => void socket.end('220 hello\r\n'));
    expect(await codeOf(ask(requestTo(other)))).toBe('ERR_ORIGIN_PROTOCOL');
  });

  it('that breaks off in a coded content can not be read', async () => {
    const coded = gzipSync(Buffer.from('x'.repeat(10_000)));
    const head = `HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${coded.length}\r\n\r\n`;
    const url = await start((socket) => {
      socket.write(head);
      socket.end(coded.subarray(0, coded.length - 9));
    });
    const { body } = await ask(requestTo(url));
    expect(await codeOf(body.toArray())).toBe('ERR_ORIGIN_PROTOCOL');
  });

  it('that codes a part can not be read', async () => {
    const part =
      'HTTP/1.1 206 Part\r\nContent-Encoding: gzip\r\nContent-Range: bytes 0-1/9\r\nContent-Length: 2\r\n\r\nha';
    const url = await start((socket) => void socket.write(part));
    expect(await codeOf(ask(requestTo(url)))).toBe('ERR_ORIGIN_PROTOCOL');
  });

  it('is let go of when nobody wants its answer', async () => {
    const url = await start((socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha'));
    const { body } = await ask(requestTo(url));
    body.destroy();
    await isLeft();
  });

  it('is asked by a fetch that knows of no signals for no longer than is due', async () => {
    const cancel = vi.fn();
    let answer = (_: Response) => {};
    const late = new Promise<Response>((resolve) => {
      answer = resolve;
    });
    const deaf = createOriginFetch(() => late, systemClock);
    expect(await codeOf(deaf(requestTo('http://api.test/', { headersMs: 20 })))).toBe('ERR_ORIGIN_TIMEOUT');
    answer(new Response(new ReadableStream({ cancel })));
    await vi.waitUntil(() => cancel.mock.calls.length === 1);
  });
});

describe('a request', () => {
  it('with conditions is not one that forces every cache on its way', async () => {
    let head = '';
    const url = await start((socket, received) => {
      head = received;
      socket.end('HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n');
    });
    const response = await ask(requestTo(url, { fields: ['If-None-Match', 'W/"a"', 'X-Own', 'b'] }));
    expect(response.status).toBe(304);
    expect(response.fields).toEqual(expect.arrayContaining(['etag', 'W/"a"', 'date']));
    expect(head).toMatch(/x-own: b/i);
    expect(head).not.toMatch(/no-cache/i);
  });

  it('that streams has as much time as it takes to send', async () => {
    const url = await start((socket, received) => {
      if (received.endsWith('0\r\n\r\n')) socket.end('HTTP/1.1 204 No Content\r\n\r\n');
    });
    async function* slow() {
      for (let i = 0; i < 10; i++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        yield Buffer.from('x');
      }
    }
    const content = { kind: 'stream', body: slow() } as const;
    const response = await ask(requestTo(url, { method: 'POST', content, headersMs: 400 }));
    expect(response.status).toBe(204);
  });
});
