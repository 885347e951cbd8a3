import type { Readable } from 'node:stream';
import { createOriginFetch } from '../fetch/origin-fetch.ts';
import type { Fetch } from '../fetch/platform-fetch.ts';
import type { Content } from '../fetch/request-content.ts';
import {
  isRepeatable,
  type OriginClient,
  type OriginClientOptions,
  type OriginRequest,
} from '../gateway/origin-client.ts';
import { transferCodingOf, withoutCoding } from '../gateway/transfer-coding.ts';
import { withoutFields } from '../http/fields.ts';
import type { FetchedResponse } from '../response-cache/cache-request.ts';
import {
  isBrokenConnection,
  lateOrigin,
  originError,
  unreadableOrigin,
} from '../response-cache/origin-error.ts';
import { codedFetch } from './coded-fetch.ts';
import { createExchanges, type Exchange } from './exchanges.ts';
import { createTurns } from './turns.ts';

/** What is left for a request's header section, and how long its origin's budget has held it back. */
interface Allowance {
  leftMs: number;
  heldMs: number;
}

/**
 * An origin that is asked by `fetch`, whose connections are the runtime's: contents are decoded, and the fields say so.
 * Interim responses and trailers are not to be had. A connection that broke before its answer is taken for a used one,
 * since that can't be told.
 */
export function createFetchOrigin(options: OriginClientOptions, fetch: Fetch): OriginClient {
  const { origin, clock, connectMs, headersMs, bodyMs, mode = 'safe', budget } = options;
  const baseUri = (origin.origin + origin.pathname).replace(/\/$/, '');
  const originFetch = createOriginFetch((url, init) => codedFetch(fetch, String(url), init!), clock);
  const turns = createTurns(options.connections);
  const exchanges = createExchanges();

  async function turn(exchange: Exchange, allowance: Allowance): Promise<void> {
    const taken = turns.take(exchange.signal);
    if (typeof taken === 'function') return exchange.whenEnded(taken);
    const startedAt = performance.now();
    const deadline = setTimeout(() => exchange.abort(lateOrigin()), allowance.leftMs);
    try {
      exchange.whenEnded(await taken);
    } finally {
      clearTimeout(deadline);
      allowance.leftMs -= performance.now() - startedAt;
    }
  }

  async function admitted(request: OriginRequest, { signal }: Exchange, heldMs: number, isRepeat: boolean) {
    if (budget == null) return 0;
    const { inBackground, waitedMs = 0 } = request;
    // What was let in once is not sent away for being in the background.
    const candidate = { signal, waitedMs: waitedMs + heldMs };
    return budget.admit(isRepeat ? candidate : { ...candidate, inBackground });
  }

  async function attempt(request: OriginRequest, allowance: Allowance, isRepeat: boolean) {
    const exchange = exchanges.begin(request.signal);
    try {
      await turn(exchange, allowance);
      allowance.heldMs += await admitted(request, exchange, allowance.heldMs, isRepeat);
      const content = contentOf(request);
      // A fetch that was aborted may go on reading what it was given, and throw it away.
      if (content?.kind === 'stream') exchange.whenEnded(() => (content.body as Readable).destroy());
      const response = await originFetch({
        url: baseUri + request.target,
        method: request.method,
        fields: withoutFields(request.fields, content?.kind === 'stream' ? CODINGS : CODINGS_AND_LENGTH),
        content,
        ...{ signal: exchange.signal, headersMs: allowance.leftMs, bodyMs, onEnd: exchange.end },
        ...{ budget: null, dispatcher: undefined },
      });
      return withoutTransferCoding(withKnownStatus(response), request.method, mode);
    } catch (error) {
      exchange.end();
      throw originError(error);
    }
  }

  return {
    async fetch(request) {
      const allowedMs = connectMs + headersMs;
      const allowance: Allowance = { leftMs: allowedMs, heldMs: 0 };
      const startedAt = performance.now();
      const response = await attempt(request, allowance, false).catch((error: Error) => {
        allowance.leftMs = allowedMs - (performance.now() - startedAt - allowance.heldMs);
        const isRepeat = isBrokenConnection(error.cause) && isRepeatable(request) && !request.signal.aborted;
        if (!isRepeat || allowance.leftMs <= 0) throw error;
        return attempt(request, allowance, true);
      });
      return allowance.heldMs === 0 ? response : { ...response, heldMs: allowance.heldMs };
    },
    drain: exchanges.drain,
    close: exchanges.close,
  };
}

// The runtime decodes, so it says what it can decode; and what it has whole, it knows the length of.
const CODINGS: ReadonlySet<string> = new Set(['accept-encoding']);
const CODINGS_AND_LENGTH: ReadonlySet<string> = new Set(['accept-encoding', 'content-length']);

/** `fetch` sends none with GET and HEAD. */
function contentOf({ method, body }: OriginRequest): Content | null {
  if (body === null || method === 'GET' || method === 'HEAD') return null;
  if (!Buffer.isBuffer(body)) return { kind: 'stream', body };
  return { kind: 'whole', body, bytes: body.length };
}

/** No `Response` can be made of another, nor does it mean anything (RFC 9110 §15). */
function withKnownStatus(response: FetchedResponse): FetchedResponse {
  if (response.status >= 200 && response.status < 600) return response;
  response.body.destroy();
  throw unreadableOrigin(`status ${response.status}`);
}

/** `fetch` undoes no transfer coding but chunks. */
function withoutTransferCoding(
  response: FetchedResponse,
  method: string,
  mode: 'safe' | 'rfc',
): FetchedResponse {
  const { status, fields, body } = response;
  if (method === 'HEAD' || status === 204 || status === 304) return response;
  try {
    return { ...response, body: withoutCoding(body, transferCodingOf(fields, mode)) };
  } catch (error) {
    body.destroy();
    throw error;
  }
}
