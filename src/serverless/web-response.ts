import type { Readable } from 'node:stream';
import type { Answer } from '../gateway/answer.ts';
import { endToEndFields, type FieldList } from '../http/fields.ts';
import type { WebRequest } from './web-request.ts';

export interface SentAnswer {
  readonly response: Response;
  /** Resolves when nothing more of a streamed body will be read; `null`: all is at hand. Never rejects. */
  readonly sent: Promise<void> | null;
}

/** A `Response` of these has no content (Fetch, null body status), whatever length is said. */
const WITHOUT_CONTENT: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Makes a `Response` of an answer. A streamed body is read as it is asked for, and fails as its source does; a client
 * that leaves lets go of it.
 * @throws TypeError or RangeError for an answer that no `Response` can be made of; its body is let go of
 */
export function sendAnswer(request: WebRequest, answer: Answer): SentAnswer {
  const { status, fields, body } = answer;
  const isHead = request.method === 'HEAD';
  if (body === null || Buffer.isBuffer(body))
    return atHand(request, wholeResponse(status, fields, isHead ? null : body));
  try {
    if (isHead || WITHOUT_CONTENT.has(status)) {
      body.destroy();
      return atHand(request, wholeResponse(status, fields, null));
    }
    return streamed(request, body, answer);
  } catch (error) {
    body.destroy();
    throw error;
  }
}

function atHand(request: WebRequest, response: Response): SentAnswer {
  request.answered();
  return { response, sent: null };
}

/** @throws TypeError or RangeError */
export function wholeResponse(status: number, fields: FieldList, body: Buffer | null): Response {
  const content = body === null || WITHOUT_CONTENT.has(status) ? null : (body as Uint8Array<ArrayBuffer>);
  return new Response(content, { status, headers: headersOf(fields) });
}

function streamed(request: WebRequest, source: Readable, { status, fields, stallMs }: Answer): SentAnswer {
  const headers = headersOf(fields);
  let resolve = () => {};
  const sent = new Promise<void>((done) => {
    resolve = done;
  });
  const body = streamOf(source, { request, stallMs, onEnd: resolve });
  return { response: new Response(body, { status, headers }), sent };
}

interface Streaming {
  readonly request: WebRequest;
  readonly stallMs: number | undefined;
  /** Called once. */
  readonly onEnd: () => void;
}

/** Nothing is read before it is asked for, so that a slow client holds up its origin and not our memory. */
function streamOf(source: Readable, { request, stallMs, onEnd }: Streaming): ReadableStream<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const { signal } = request;
  const stall = createStall(stallMs, () =>
    source.destroy(new Error('the client takes nothing of the answer')),
  );
  let abandoned = false;
  const abandon = () => {
    abandoned = true;
    source.destroy();
    end();
  };
  function end(): void {
    stall.end();
    signal.removeEventListener('abort', abandon);
    onEnd();
  }
  // Before anybody reads, too.
  source.on('error', end);
  if (signal.aborted) abandon();
  else signal.addEventListener('abort', abandon);
  stall.waits();
  return new ReadableStream(
    {
      async pull(controller) {
        stall.reads();
        try {
          const { done, value } = await chunks.next();
          if (done !== true) {
            controller.enqueue(value);
            stall.waits();
            return;
          }
        } catch {
          end();
          // Platforms print it: what it came of may name the origin's target, with what is secret in it.
          throw new Error('the answer broke off');
        }
        // However its source takes that.
        if (abandoned) throw new Error('the client has left');
        request.answered();
        end();
        controller.close();
      },
      cancel() {
        request.left();
        abandon();
      },
    },
    { highWaterMark: 0 },
  );
}

/** How long the client may leave an answer lying. */
function createStall(stallMs: number | undefined, onStalled: () => void) {
  let timer: NodeJS.Timeout | undefined;
  let ended = false;
  const reads = () => clearTimeout(timer);
  return {
    reads,
    waits() {
      if (stallMs !== undefined && !ended) timer = setTimeout(onStalled, stallMs);
    },
    end() {
      ended = true;
      reads();
    },
  };
}

/** Without what is of a connection, which is the platform's; there are no trailers either. */
function headersOf(fields: FieldList): Headers {
  const headers = new Headers();
  const kept = endToEndFields(fields);
  for (let i = 0; i < kept.length; i += 2) {
    if (kept[i]!.toLowerCase() !== 'trailer') headers.append(kept[i]!, kept[i + 1]!);
  }
  return headers;
}
