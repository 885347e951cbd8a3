import type { ServerResponse } from 'node:http';
import { Hold } from './hold.ts';
import type { RequestParts } from './request-parts.ts';

/**
 * Keeps an answer back from its first byte on until what its request has set in the session is stored; then it is sent
 * as it was written, or a refusal in its place. An answer whose request has set nothing goes its way at once.
 *
 * An answer of 5xx commits too: a login before the failure has given the session a new id already, of which the client
 * must hear.
 */
export function holdResponse(response: ServerResponse, parts: RequestParts): void {
  const held = response as unknown as HeldResponse;
  held[HOLD] = new Hold(response, parts);
  // Shared functions on the response itself, which middleware may wrap further; closures would cost each request more.
  held.writeHead = writeHead;
  held.flushHeaders = flushHeaders;
  held.write = write;
  held.end = end;
}

const HOLD = Symbol('cachegate.hold');

interface HeldResponse {
  [HOLD]: Hold;
  writeHead: typeof writeHead;
  flushHeaders: typeof flushHeaders;
  write: typeof write;
  end: typeof end;
}

function writeHead(this: HeldResponse, status: unknown, reason?: unknown, fields?: unknown): unknown {
  return this[HOLD].keeps('writeHead', status, reason, fields)
    ? this
    : this[HOLD].pass('writeHead', status, reason, fields);
}

function flushHeaders(this: HeldResponse): unknown {
  return this[HOLD].keeps('flushHeaders') ? undefined : this[HOLD].pass('flushHeaders');
}

function write(this: HeldResponse, chunk: unknown, encoding?: unknown, callback?: unknown): unknown {
  return this[HOLD].keeps('write', chunk, encoding, callback)
    ? this[HOLD].mayGoOn
    : this[HOLD].pass('write', chunk, encoding, callback);
}

function end(this: HeldResponse, chunk?: unknown, encoding?: unknown, callback?: unknown): unknown {
  return this[HOLD].keeps('end', chunk, encoding, callback)
    ? this
    : this[HOLD].pass('end', chunk, encoding, callback);
}
