import type { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { FieldList } from '../http/fields.ts';
import type { Candidate, OriginBudget } from '../origin-budget/origin-budget.ts';
import type { FetchedResponse } from '../response-cache/cache-request.ts';

export interface OriginClientOptions {
  readonly origin: URL;
  readonly connections: number;
  readonly connectMs: number;
  readonly headersMs: number;
  readonly bodyMs: number;
  readonly clock: Clock;
  /** What becomes of a transfer coding that is not known here: refused, or passed on as it is. By default `safe`. */
  readonly mode?: 'safe' | 'rfc' | undefined;
  /** How often it may be asked; without one, as often as it is. */
  readonly budget?: OriginBudget | null | undefined;
}

export interface OriginRequest extends Candidate {
  readonly method: string;
  /** Path and query, below the origin's own path. */
  readonly target: string;
  readonly fields: FieldList;
  readonly body: Readable | Buffer | null;
  /** Told of each interim response (RFC 9110 §15.2) as it arrives, with its end-to-end fields, where they can be seen. */
  readonly onInterim?: ((status: number, fields: FieldList) => void) | undefined;
}

export interface OriginClient {
  /**
   * Asks once; an idempotent request again where a used connection broke before a byte of its answer. The response has
   * a `Date`, and its content is without transfer coding (RFC 9112 §7); the content fails with the same codes. Each time
   * that it asks takes one request of the origin's budget; and so does what had to wait too long for a connection.
   *
   * @throws CachegateError `ERR_ORIGIN_CONNECT`, `ERR_ORIGIN_TIMEOUT`, `ERR_ORIGIN_PROTOCOL` or `ERR_ORIGIN_BUDGET`
   */
  fetch(request: OriginRequest): Promise<FetchedResponse>;
  /** Lets what is under way finish, then lets go of every connection; nothing is asked from then on. */
  drain(): Promise<void>;
  /** Lets go of every connection; what is under way fails. */
  close(): Promise<void>;
}

// RFC 9110 §9.2.2: what has the same effect however often it is received, and can be sent once more.
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'QUERY']);

export function isUpload({ body }: OriginRequest): boolean {
  return body !== null && !Buffer.isBuffer(body);
}

export function isRepeatable(request: OriginRequest): boolean {
  return IDEMPOTENT.has(request.method) && !isUpload(request);
}
