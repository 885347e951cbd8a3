import type { Readable } from 'node:stream';
import { buildConnector, type Dispatcher, Pool } from 'undici';
import type { Clock } from '../clock.ts';
import type { FieldList } from '../http/fields.ts';
import type { FetchedResponse } from '../response-cache/cache-request.ts';
import { lateOrigin, originError } from '../response-cache/origin-error.ts';
import { type CarriedOptions, type ConnectionOptions, OriginConnection } from './origin-connection.ts';
import { OriginExchange } from './origin-exchange.ts';

export interface OriginClientOptions {
  readonly origin: URL;
  readonly connections: number;
  readonly connectMs: number;
  readonly headersMs: number;
  readonly bodyMs: number;
  readonly clock: Clock;
  /** What becomes of a transfer coding that is not known here: refused, or passed on as it is. By default `safe`. */
  readonly mode?: 'safe' | 'rfc' | undefined;
}

export interface OriginRequest {
  readonly method: string;
  /** Path and query, below the origin's own path. */
  readonly target: string;
  readonly fields: FieldList;
  readonly body: Readable | Buffer | null;
  readonly signal: AbortSignal;
  /** Told of each interim response (RFC 9110 §15.2) as it arrives, with its end-to-end fields. */
  readonly onInterim?: ((status: number, fields: FieldList) => void) | undefined;
}

export interface OriginClient {
  /**
   * Asks once; an idempotent request again where a used connection broke before a byte of its answer. The response has
   * a `Date`, and its content is without transfer coding (RFC 9112 §7); the content fails with the same codes.
   *
   * @throws CachegateError `ERR_ORIGIN_CONNECT`, `ERR_ORIGIN_TIMEOUT` or `ERR_ORIGIN_PROTOCOL`
   */
  fetch(request: OriginRequest): Promise<FetchedResponse>;
  /** Lets go of every connection; what is under way fails. */
  close(): Promise<void>;
}

export function createOriginClient(options: OriginClientOptions): OriginClient {
  const { origin, clock, connectMs, headersMs, mode = 'safe' } = options;
  const pool = new Pool(origin.origin, {
    connections: options.connections,
    connect: buildConnector({ timeout: connectMs }),
    factory: (url, settings) => new OriginConnection(url, settings as ConnectionOptions),
    headersTimeout: headersMs,
    bodyTimeout: options.bodyMs,
  });
  const basePath = origin.pathname.replace(/\/$/, '');

  function attempt(request: OriginRequest, requestAt: number, onStart: (() => void) | undefined) {
    const { method, target, fields, body, signal, onInterim } = request;
    const exchange = new OriginExchange({ clock, mode, method, requestAt, signal, onInterim, onStart });
    const carried: CarriedOptions = {
      method: method as Dispatcher.HttpMethod,
      path: basePath + target,
      headers: fields as string[],
      body,
      carried: exchange,
    };
    pool.dispatch(carried, exchange);
    return exchange;
  }

  return {
    async fetch(request) {
      if (request.signal.aborted) throw originError(request.signal.reason);
      const requestAt = clock.now();
      // undici counts from when a connection is free; waiting for one counts here.
      const deadline = setTimeout(() => exchange.abort(lateOrigin()), connectMs + headersMs);
      // An upload takes the time it takes, and undici counts from its last bytes.
      const onStart = isUpload(request) ? () => clearTimeout(deadline) : undefined;
      let exchange = attempt(request, requestAt, onStart);
      try {
        return await exchange.response;
      } catch (error) {
        if (!exchange.unanswered || !isRepeatable(request)) throw error;
        exchange = attempt(request, requestAt, onStart);
        return await exchange.response;
      } finally {
        clearTimeout(deadline);
      }
    },
    close: () => pool.destroy(),
  };
}

// RFC 9110 §9.2.2: what has the same effect however often it is received, and can be sent once more.
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'QUERY']);

function isUpload({ body }: OriginRequest): boolean {
  return body !== null && !Buffer.isBuffer(body);
}

function isRepeatable({ method, body }: OriginRequest): boolean {
  return IDEMPOTENT.has(method) && (body === null || Buffer.isBuffer(body));
}
