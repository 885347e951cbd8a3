import { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import { type FieldList, fieldValue, hasField } from '../http/fields.ts';
import { formatHttpDate } from '../http/http-date.ts';
import type { Candidate, OriginBudget } from '../origin-budget/origin-budget.ts';
import type { FetchedResponse } from '../response-cache/cache-request.ts';
import { lateOrigin, unreadableOrigin } from '../response-cache/origin-error.ts';
import { decodedCodings, decodedFields, isDecodedAlike, validatedFields } from './decoded-fields.ts';
import { originFailure } from './fetch-failure.ts';
import type { PlatformDispatcher } from './platform-dispatcher.ts';
import { ReceivedBody } from './received-body.ts';
import type { Content } from './request-content.ts';
import { unlessAborted } from './unless-aborted.ts';

export interface OriginRequest extends Candidate {
  readonly url: string;
  readonly method: string;
  readonly fields: FieldList;
  readonly content: Content | null;
  readonly signal: AbortSignal;
  /** How often the origin may be asked; `null`: as often as it is. */
  readonly budget: OriginBudget | null;
  /** From the first byte sent to the header section received; an upload has its own time beside that. */
  readonly headersMs: number;
  readonly bodyMs: number;
  /** Of undici: who carries the request. */
  readonly dispatcher: PlatformDispatcher;
  /** Called once behind a response, when nothing more of its content will be read. */
  readonly onEnd?: (() => void) | undefined;
}

/**
 * Asks once, by `fetch`, and follows no redirect. The response has a `Date`; its content, and the fields of that, are
 * decoded.
 * @throws CachegateError `ERR_ORIGIN_CONNECT`, `ERR_ORIGIN_TIMEOUT` or `ERR_ORIGIN_PROTOCOL`, with which the content fails
 * too; `ERR_ORIGIN_BUDGET`
 */
export type OriginFetch = (request: OriginRequest) => Promise<FetchedResponse>;

export function createOriginFetch(fetch: typeof globalThis.fetch, clock: Clock): OriginFetch {
  async function ask(request: OriginRequest): Promise<FetchedResponse> {
    const { signal, bodyMs } = request;
    const ending = new AbortController();
    const leave = () => ending.abort(signal.reason);
    const deadline = startDeadline(request, () => ending.abort(lateOrigin()));
    if (signal.aborted) leave();
    else signal.addEventListener('abort', leave, { once: true });
    const onEnd = (error: Error | null) => {
      signal.removeEventListener('abort', leave);
      if (error !== null) ending.abort(error);
      request.onEnd?.();
    };
    const requestAt = clock.now();
    try {
      const asked = send(fetch, request, deadline.restart, ending.signal);
      const response = await unlessAborted(ending.signal, asked, letGo);
      const responseAt = clock.now();
      const fields = fieldsOf(request, response, responseAt);
      const body =
        response.body === null
          ? endedBody(onEnd)
          : new ReceivedBody(response.body, { deadlineMs: bodyMs, onEnd });
      const isUncertain = response.body !== null && !isCertain(response.headers);
      return { status: response.status, fields, body, isUncertain, requestAt, responseAt };
    } catch (error) {
      const failure = originFailure(ending.signal.aborted ? ending.signal.reason : error);
      onEnd(failure);
      throw failure;
    } finally {
      deadline.end();
    }
  }

  return async (request) => {
    const { budget } = request;
    if (budget === null) return ask(request);
    const heldMs = await budget.admit(request).catch(failed);
    const response = await ask(request);
    return heldMs === 0 ? response : { ...response, heldMs };
  };
}

/** @throws what a fetch that failed so is to the cache */
function failed(error: unknown): never {
  throw originFailure(error);
}

async function send(
  fetch: typeof globalThis.fetch,
  { url, method, fields, content, dispatcher }: OriginRequest,
  onSent: () => void,
  signal: AbortSignal,
): Promise<Response> {
  const init: RequestInit = {
    method,
    headers: pairs(fields),
    redirect: 'manual',
    signal,
    // Fetch adds no-cache to a request with conditions, which here are the cache's; there is none below to be forced.
    ...(isConditional(fields) && { cache: 'force-cache' }),
    ...(dispatcher !== undefined && { dispatcher }),
  };
  switch (content?.kind) {
    case undefined:
      return fetch(url, init);
    case 'whole':
      return fetch(url, { ...init, body: content.body });
    case 'stream':
      return fetch(url, { ...init, body: streamOf(watched(content.body, onSent)), duplex: 'half' });
    case 'request':
      // The very request, since nothing else has the length of its content.
      return fetch(content.request, { ...init, duplex: 'half' });
  }
}

/** Tells of each piece that is sent of a stream. */
async function* watched(body: unknown, onSent: () => void): AsyncGenerator<Uint8Array, undefined> {
  for await (const piece of body as AsyncIterable<Uint8Array>) {
    onSent();
    yield piece;
  }
  onSent();
}

/** As every runtime's fetch takes it; each piece is read when it can be sent. */
function streamOf(pieces: AsyncGenerator<Uint8Array, undefined>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async () => void (await pieces.return(undefined)),
    },
    { highWaterMark: 0 },
  );
}

// What is uploaded is given a second for so much, and what nobody knows the length of so long.
const UPLOADED_A_SECOND = 64 * 1024;
const UNKNOWN_UPLOAD_MS = 600_000;

function startDeadline({ content, headersMs }: OriginRequest, late: () => void) {
  const uploadMs =
    content?.kind === 'whole'
      ? Math.floor(content.bytes / UPLOADED_A_SECOND) * 1000
      : content?.kind === 'request'
        ? UNKNOWN_UPLOAD_MS
        : 0;
  const timer = setTimeout(late, headersMs + uploadMs);
  return { restart: () => void timer.refresh(), end: () => clearTimeout(timer) };
}

function fieldsOf({ fields: asked }: OriginRequest, response: Response, responseAt: number): FieldList {
  const { status, headers } = response;
  let fields: FieldList = [...headers].flat();
  if (status === 304) fields = validatedFields(fields, fieldValue(asked, 'if-none-match'));
  else if (status === 206 && decodedCodings(fields).length > 0) {
    // Where the part began and ended in the coded content says nothing of the decoded one.
    letGo(response);
    throw unreadableOrigin('a part of a coded content');
  } else fields = decodedFields(fields);
  // RFC 9110 §6.6.1: who has a clock adds when it was received.
  return hasField(fields, 'date') ? fields : [...fields, 'date', formatHttpDate(responseAt)];
}

/**
 * Whether a content is known to be whole, and to be what its fields say. Fetch takes a connection that broke for the end of
 * a content that only the close delimits (RFC 9112 §8), and undoes no transfer coding but chunked.
 */
function isCertain(headers: Headers): boolean {
  const coding = headers.get('transfer-encoding');
  const isDelimited = coding === null ? headers.has('content-length') : coding.toLowerCase() === 'chunked';
  return isDelimited && isDecodedAlike(headers.get('content-encoding') ?? undefined);
}

function isConditional(fields: FieldList): boolean {
  for (let i = 0; i < fields.length; i += 2) if (/^if-/i.test(fields[i]!)) return true;
  return false;
}

function endedBody(onEnd: (error: null) => void): Readable {
  onEnd(null);
  return Readable.from([]);
}

function letGo({ body }: Response): void {
  body?.cancel().catch(() => {});
}

function pairs(fields: FieldList): [string, string][] {
  const result: [string, string][] = [];
  for (let i = 0; i < fields.length; i += 2) result.push([fields[i]!, fields[i + 1]!]);
  return result;
}
