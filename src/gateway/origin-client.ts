import { Readable } from 'node:stream';
import { type Dispatcher, Pool } from 'undici';
import type { Clock } from '../clock.ts';
import { CachegateError } from '../errors.ts';
import type { FieldList } from '../http/fields.ts';
import type { FetchedResponse } from '../response-cache/cache-request.ts';

export interface OriginClientOptions {
  readonly origin: URL;
  readonly connections: number;
  readonly connectMs: number;
  readonly headersMs: number;
  readonly bodyMs: number;
  readonly clock: Clock;
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
   * @throws CachegateError `ERR_ORIGIN_CONNECT`, `ERR_ORIGIN_TIMEOUT` or `ERR_ORIGIN_PROTOCOL`
   */
  fetch(request: OriginRequest): Promise<FetchedResponse>;
  /** Lets go of every connection; what is under way fails. */
  close(): Promise<void>;
}

export function createOriginClient(options: OriginClientOptions): OriginClient {
  const { origin, clock } = options;
  const pool = new Pool(origin.origin, {
    connections: options.connections,
    connect: { timeout: options.connectMs },
    headersTimeout: options.headersMs,
    bodyTimeout: options.bodyMs,
  });
  const basePath = origin.pathname.replace(/\/$/, '');

  return {
    async fetch({ method, target, fields, body, signal }) {
      const requestAt = clock.now();
      // undici counts from when a connection is free; waiting for one counts here.
      const late = new AbortController();
      const deadline = setTimeout(() => late.abort(), options.connectMs + options.headersMs);
      try {
        const response = await pool.request({
          method: method as Dispatcher.HttpMethod,
          path: basePath + target,
          headers: fields as string[],
          body,
          signal: AbortSignal.any([signal, late.signal]),
          responseHeaders: 'raw',
        });
        // A body that is destroyed unread ends with an error that is nobody's; readers get it all the same.
        response.body.on('error', () => {});
        return {
          status: response.statusCode,
          // With `responseHeaders: 'raw'` undici gives the flat list, which its types do not say.
          fields: response.headers as unknown as FieldList,
          body: hasContent(response.statusCode) ? response.body : emptied(response.body),
          requestAt,
          responseAt: clock.now(),
        };
      } catch (error) {
        throw originError(error, late.signal.aborted);
      } finally {
        clearTimeout(deadline);
      }
    },
    close: () => pool.destroy(),
  };
}

// RFC 9110 §6.4.1. What a 304 says of its length is that of another response (§8.6), which undici takes for a fault.
function hasContent(status: number): boolean {
  return status !== 204 && status !== 304;
}

function emptied(body: Readable): Readable {
  body.resume();
  return Readable.from([]);
}

const TIMEOUTS = new Set([
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_CONNECT_TIMEOUT',
  'ETIMEDOUT',
]);
const CONNECT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EACCES']);

function originError(cause: unknown, late: boolean): CachegateError {
  const reason = reasonOf(cause);
  const [code, text] =
    late || TIMEOUTS.has(reason) ? TOO_LATE : CONNECT.has(reason) ? UNREACHABLE : UNREADABLE;
  return new CachegateError(code, late ? text : `${text}: ${reason}`, { cause });
}

const TOO_LATE = ['ERR_ORIGIN_TIMEOUT', 'The origin did not answer in time'] as const;
const UNREACHABLE = ['ERR_ORIGIN_CONNECT', 'The origin could not be reached'] as const;
const UNREADABLE = ['ERR_ORIGIN_PROTOCOL', "The origin's answer could not be read"] as const;

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return typeof code === 'string' ? code : String(message);
}
