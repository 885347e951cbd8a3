import { Readable } from 'node:stream';
import { CachegateError } from '../errors.ts';

/** What was read of a request's content: all of it, or, where there is more than was to be read, what is to be sent on. */
export type ReadBody =
  | { readonly kind: 'read'; readonly bytes: Uint8Array }
  | { readonly kind: 'longer'; readonly body: unknown };

/** The content of a request whose bytes are at hand; `null` for one that has to be waited for. */
export function bytesOf(body: unknown): Uint8Array | null {
  if (body === undefined || body === null) return new Uint8Array();
  if (typeof body === 'string') return Buffer.from(body);
  if (ArrayBuffer.isView(body)) return new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  return body instanceof ArrayBuffer ? new Uint8Array(body) : null;
}

/**
 * Reads the content of a request up to `maxBytes`, and lets go of it when the signal is aborted. What only undici can read
 * (a form, a blob) is longer.
 * @throws CachegateError `ERR_ORIGIN_PROTOCOL` when the caller's stream breaks off, also because the signal was aborted
 */
export async function readBody(body: unknown, maxBytes: number, signal: AbortSignal): Promise<ReadBody> {
  const bytes = bytesOf(body);
  if (bytes !== null) return bytes.length > maxBytes ? { kind: 'longer', body } : { kind: 'read', bytes };
  const source = piecesOf(body);
  if (source === null) return { kind: 'longer', body };
  const leave = () => letGoOfBody(body, signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  try {
    const { pieces, ended } = await readUpTo(source, maxBytes).catch((cause: unknown) => {
      throw new CachegateError('ERR_ORIGIN_PROTOCOL', "The request's content broke off", { cause });
    });
    signal.throwIfAborted();
    return ended
      ? { kind: 'read', bytes: Buffer.concat(pieces) }
      : { kind: 'longer', body: resumed(pieces, source) };
  } finally {
    signal.removeEventListener('abort', leave);
  }
}

/** Nobody will read it, so that its source is told. */
export function letGoOfBody(body: unknown, reason?: unknown): void {
  if (!(body instanceof Readable)) return;
  body.on('error', () => {});
  body.destroy(reason instanceof Error ? reason : undefined);
}

function piecesOf(body: unknown): AsyncIterator<unknown> | null {
  const { [Symbol.asyncIterator]: iterate } = Object(body) as Partial<AsyncIterable<unknown>>;
  return iterate === undefined ? null : iterate.call(body as AsyncIterable<unknown>);
}

async function readUpTo(source: AsyncIterator<unknown>, maxBytes: number) {
  const pieces: Uint8Array[] = [];
  for (let length = 0; length <= maxBytes; ) {
    const { done, value } = await source.next();
    if (done === true) return { pieces, ended: true };
    const piece = bytesOf(value) ?? Buffer.from(String(value));
    pieces.push(piece);
    length += piece.length;
  }
  return { pieces, ended: false };
}

async function* resumed(pieces: Uint8Array[], source: AsyncIterator<unknown>): AsyncGenerator<unknown> {
  try {
    yield* pieces;
    for (;;) {
      const { done, value } = await source.next();
      if (done === true) return;
      yield value;
    }
  } finally {
    await source.return?.();
  }
}
