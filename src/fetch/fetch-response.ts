import { STATUS_CODES } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { formatCacheStatus } from '../http/cache-status.ts';
import type { FieldList } from '../http/fields.ts';
import type { CacheAnswer } from '../response-cache/cache-request.ts';
import { CACHE_NAME } from '../response-cache/entry.ts';
import { decodedCodings, decodedFields } from './decoded-fields.ts';

/** The statuses whose responses have no content (Fetch standard, null body status). */
const EMPTY: ReadonlySet<number> = new Set([101, 103, 204, 205, 304]);
const MAX_STATUS = 599;
const PARTIAL = 206;

/** What the cache answers, as what `fetch` answers. Its content fails with the signal's reason, or a TypeError. */
export function toResponse(answer: CacheAnswer, request: Request, signal: AbortSignal): Response {
  const { status, outcome } = answer;
  const hasContent = !EMPTY.has(status) && request.method !== 'HEAD';
  const body = hasContent ? decodedBody(answer) : null;
  if (!hasContent && answer.body instanceof Readable) letGo(answer.body, request.method);
  const headers = headersOf(status === PARTIAL ? answer.fields : decodedFields(answer.fields));
  if (!outcome.hit) headers.append('cache-status', formatCacheStatus(CACHE_NAME, outcome));
  const isOdd = status > MAX_STATUS;
  const response = new Response(body instanceof Readable ? streamOf(body, signal) : body, {
    status: isOdd ? 200 : status,
    statusText: STATUS_CODES[status] ?? '',
    headers,
  });
  // No Response can be made of one, and yet fetch gives it.
  if (isOdd) Object.defineProperties(response, { status: { value: status }, ok: { value: false } });
  return response;
}

/** What a status leaves empty is read to its end, so that it is whole, and others may be answered with it. */
function letGo(body: Readable, method: string): void {
  if (method === 'HEAD') body.destroy();
  else body.on('error', () => {}).resume();
}

/** Gives a response its place, and its copies too. */
export function placed(response: Response, url: string, isRedirected: boolean): Response {
  return Object.defineProperties(response, {
    url: { value: url, configurable: true },
    redirected: { value: isRedirected, configurable: true },
    type: { value: 'basic', configurable: true },
    clone: {
      value: () => placed(Response.prototype.clone.call(response), url, isRedirected),
      configurable: true,
    },
  });
}

/** What a gateway has stored as it came is decoded for `fetch`; a part of it can't be. */
function decodedBody({ status, fields, body }: CacheAnswer): CacheAnswer['body'] {
  const codings = status === PARTIAL || body === null ? [] : decodedCodings(fields);
  return codings.reduceRight<CacheAnswer['body']>((coded, coding) => {
    const source = coded instanceof Readable ? coded : Readable.from([coded]);
    return pipeline(source, decoderOf(coding), () => {});
  }, body);
}

function decoderOf(coding: string) {
  if (coding === 'br') return createBrotliDecompress();
  return coding === 'deflate' ? createInflate() : createGunzip();
}

function headersOf(fields: FieldList): Headers {
  const headers = new Headers();
  for (let i = 0; i < fields.length; i += 2) headers.append(fields[i]!, fields[i + 1]!);
  return headers;
}

/** Lets go of what a caller has dropped unread: nothing else would. */
const dropped = new FinalizationRegistry<Readable>((readable) => readable.destroy());

function streamOf(readable: Readable, signal: AbortSignal): ReadableStream<Uint8Array> {
  // A signal may outlive many responses, and is not to keep them.
  const weak = new WeakRef(readable);
  const leave = () => weak.deref()?.destroy(signal.reason as Error);
  signal.addEventListener('abort', leave, { once: true });
  readable.once('close', () => {
    signal.removeEventListener('abort', leave);
    dropped.unregister(readable);
  });
  // What fails before it is read fails when it is read.
  readable.on('error', () => {});
  if (signal.aborted) leave();
  const pieces = readable[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const stream = new ReadableStream({
    type: 'bytes',
    async pull(controller) {
      const piece = await nextPiece(pieces).catch((cause: unknown) => {
        throw signal.aborted ? signal.reason : new TypeError('terminated', { cause });
      });
      // A copy, for others may read the same bytes, and a stream gives its own away.
      if (piece !== null) return controller.enqueue(new Uint8Array(piece));
      controller.close();
      controller.byobRequest?.respond(0);
    },
    cancel() {
      readable.destroy();
    },
  });
  // A registry holds on to what it is given until long behind the stream.
  if (!readable.closed) dropped.register(stream, readable, readable);
  return stream;
}

/** The next that is not empty, which a stream of bytes takes for a fault; `null` at the end. */
async function nextPiece(pieces: AsyncIterator<Buffer>): Promise<Buffer | null> {
  for (;;) {
    const { done, value } = await pieces.next();
    if (done === true) return null;
    if (value.length > 0) return value;
  }
}
