import { Readable } from 'node:stream';
import { CachegateError } from '../errors.ts';
import type { GateRequest } from './request.ts';

/** The content of a request: all of it, or, where it is longer than was to be read, what is to be passed on. */
export type RequestContent =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  | { readonly kind: 'longer'; readonly body: Readable };

/**
 * Reads a request's content up to `maxBytes`.
 * @throws CachegateError `ERR_ORIGIN_PROTOCOL` when the client breaks off
 */
export async function readContent(
  request: Pick<GateRequest, 'body' | 'field'>,
  maxBytes: number,
): Promise<RequestContent> {
  const { body } = request;
  return body === null ? EMPTY : read(body, Number(request.field('content-length') ?? 0), maxBytes);
}

const EMPTY: RequestContent = { kind: 'whole', bytes: Buffer.alloc(0) };

async function read(body: Readable, declared: number, maxBytes: number): Promise<RequestContent> {
  if (declared > maxBytes) return { kind: 'longer', body };
  const chunks: Buffer[] = [];
  let length = 0;
  const rest = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      const { done, value } = await rest.next();
      if (done === true) return { kind: 'whole', bytes: Buffer.concat(chunks) };
      chunks.push(value);
      length += value.length;
      if (length > maxBytes) return { kind: 'longer', body: Readable.from(prefixed(chunks, rest)) };
    }
  } catch (cause) {
    throw new CachegateError('ERR_ORIGIN_PROTOCOL', "The request's content broke off", { cause });
  }
}

async function* prefixed(chunks: readonly Buffer[], rest: AsyncIterator<Buffer>) {
  yield* chunks;
  for (;;) {
    const { done, value } = await rest.next();
    if (done === true) return;
    yield value;
  }
}
