import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { vi } from 'vitest';
import type { OriginClientOptions, OriginRequest } from '../../src/gateway/origin-client.ts';
import { createUndiciOrigin } from '../../src/gateway/undici-origin.ts';

/** An origin of bare sockets, which may say anything. */
export interface RawOrigin {
  readonly url: URL;
  /** The request lines received, in order. */
  readonly asked: string[];
  /** How many connections there were, how many there are, and how many are over or left by the client. */
  readonly connections: { total: number; open: number; left: number };
  close(): Promise<void>;
}

/** @param text the request as it came, content included; `nth` counts on this connection, from 1 */
export type RawAnswer = (socket: Socket, request: { text: string; nth: number }) => void;

export async function startRawOrigin(answer: RawAnswer): Promise<RawOrigin> {
  const asked: string[] = [];
  const connections = { total: 0, open: 0, left: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    connections.total += 1;
    connections.open += 1;
    sockets.add(socket);
    let received = '';
    let nth = 0;
    socket.on('error', () => {});
    let left = false;
    const leave = () => {
      if (!left) connections.left += 1;
      left = true;
    };
    socket.on('end', leave);
    socket.on('close', leave);
    socket.on('close', () => {
      connections.open -= 1;
      sockets.delete(socket);
    });
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      for (let end = endOfRequest(received); end !== -1; end = endOfRequest(received)) {
        const text = received.slice(0, end);
        received = received.slice(end);
        nth += 1;
        asked.push(text.slice(0, text.indexOf('\r\n')));
        answer(socket, { text, nth });
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    asked,
    connections,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** How long the first request is, or -1 as long as some of it is missing. */
function endOfRequest(text: string): number {
  const head = text.indexOf('\r\n\r\n');
  if (head === -1) return -1;
  const length = /\r\ncontent-length: (\d+)/i.exec(text.slice(0, head + 2))?.[1] ?? '0';
  const end = head + 4 + Number(length);
  return text.length < end ? -1 : end;
}

/** A client of that origin, patient unless told otherwise. */
export function clientOf({ url }: Pick<RawOrigin, 'url'>, change: Partial<OriginClientOptions> = {}) {
  return createUndiciOrigin({
    origin: url,
    connections: 1,
    connectMs: 10_000,
    headersMs: 10_000,
    bodyMs: 10_000,
    clock: { now: () => Date.now() },
    ...change,
  });
}

export function requestOf(change: Partial<OriginRequest> = {}): OriginRequest {
  return {
    method: 'GET',
    target: '/',
    fields: [],
    body: null,
    signal: new AbortController().signal,
    ...change,
  };
}

export async function textOf(body: Readable): Promise<string> {
  let text = '';
  for await (const chunk of body) text += (chunk as Buffer).toString('latin1');
  return text;
}

/** A response of HTTP/1.1 with its length. */
export function plainResponse(content: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${content.length}\r\n\r\n${content}`;
}

export function chunk(content: string): string {
  return `${content.length.toString(16)}\r\n${content}\r\n`;
}

export const OK = 'HTTP/1.1 200 OK\r\n';
export const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

/** Lies to `/lie` and is honest otherwise. */
export const lying =
  (lie: (socket: Socket) => void): RawAnswer =>
  (socket, { text }) => {
    if (/^\w+ \/lie /.test(text)) lie(socket);
    else socket.write(plainResponse('honest'));
  };
/** Says a text to `/lie` and leaves the connection open. */
export const saying = (text: string) =>
  lying((socket) => {
    socket.write(Buffer.from(text, 'latin1'));
  });

/** Waits for what happens at the other end of a connection, on a machine that may be slow. */
export function eventually(happened: () => boolean): Promise<unknown> {
  return vi.waitUntil(happened, { timeout: 10_000, interval: 10 });
}
