import { CachegateError } from '../errors.ts';

export type Body = NonNullable<RequestInit['body']>;

/** The content of a request on its way to an origin. */
export type Content =
  /** That of a request made by the caller, whose length only the runtime knows; to be sent once. */
  | { readonly kind: 'request'; readonly request: Request }
  /** A stream; to be sent once. */
  | { readonly kind: 'stream'; readonly body: Body }
  /** What can be sent again. */
  | { readonly kind: 'whole'; readonly body: Body; readonly bytes: number };

/** @param body what the caller has given beside the request */
export function contentOf(request: Request, body: Body | null | undefined): Content | null {
  if (request.body === null) return null;
  if (body === null || body === undefined) return { kind: 'request', request };
  if (ArrayBuffer.isView(body) || body instanceof ArrayBuffer) {
    // It is the caller's to write to once fetch was called.
    const copy = ArrayBuffer.isView(body)
      ? new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice()
      : new Uint8Array(body.slice(0));
    return { kind: 'whole', body: copy, bytes: copy.length };
  }
  const bytes = lengthOf(body);
  return bytes === null ? { kind: 'stream', body } : { kind: 'whole', body, bytes };
}

/** In bytes, or near enough to know how long it may take; `null` for a stream. */
function lengthOf(body: Body): number | null {
  if (typeof body === 'string') return Buffer.byteLength(body);
  if (body instanceof URLSearchParams) return body.toString().length;
  if (body instanceof Blob) return body.size;
  if (!(body instanceof FormData)) return null;
  let bytes = 0;
  for (const [name, value] of body) bytes += name.length + (lengthOf(value) ?? 0);
  return bytes;
}

/** What was read of a request's content: all of it, or, where it is longer than was to be read, what is to be sent on. */
export type ReadContent =
  | { readonly kind: 'read'; readonly bytes: Uint8Array }
  | { readonly kind: 'longer'; readonly content: Content | null };

/**
 * Reads a request's content up to `maxBytes`, and lets go of it when the signal is aborted.
 * @throws the signal's reason; CachegateError `ERR_ORIGIN_PROTOCOL` when the caller's stream breaks off
 */
export async function readContent(
  request: Request,
  content: Content | null,
  maxBytes: number,
  signal: AbortSignal,
): Promise<ReadContent> {
  if (content === null) return { kind: 'read', bytes: new Uint8Array() };
  if (content.kind === 'whole' && content.bytes > maxBytes) return { kind: 'longer', content };
  const reader = request.body!.getReader();
  const leave = () => void reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener('abort', leave, { once: true });
  const { pieces, ended } = await readUpTo(reader, maxBytes).finally(() => {
    signal.removeEventListener('abort', leave);
  });
  // A stream that was let go of looks as if it had ended.
  signal.throwIfAborted();
  if (ended) return { kind: 'read', bytes: Buffer.concat(pieces) };
  if (content.kind !== 'whole') return { kind: 'longer', content: resumed(pieces, reader) };
  reader.cancel().catch(() => {});
  return { kind: 'longer', content };
}

async function readUpTo(reader: ReadableStreamDefaultReader<Uint8Array>, maxBytes: number) {
  const pieces: Uint8Array[] = [];
  try {
    for (let length = 0; length <= maxBytes; ) {
      const { done, value } = await reader.read();
      if (done) return { pieces, ended: true };
      pieces.push(value);
      length += value.length;
    }
    return { pieces, ended: false };
  } catch (cause) {
    throw new CachegateError('ERR_ORIGIN_PROTOCOL', "The request's content broke off", { cause });
  }
}

function resumed(pieces: Uint8Array[], reader: ReadableStreamDefaultReader<Uint8Array>): Content {
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } =
          pieces.length > 0 ? { done: false, value: pieces.shift() } : await reader.read();
        if (done) controller.close();
        else controller.enqueue(value!);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
  return { kind: 'stream', body };
}
