import type { Readable } from 'node:stream';
import { buildConnector, type Dispatcher, Pool } from 'undici';
import type { Clock } from '../clock.ts';
import type { FieldList } from '../http/fields.ts';
import type { Candidate, OriginBudget } from '../origin-budget/origin-budget.ts';
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
  /** How often it may be asked; without one, as often as it is. */
  readonly budget?: OriginBudget | null | undefined;
}

export interface OriginRequest extends Candidate {
  readonly method: string;
  /** Path and query, below the origin's own path. */
  readonly target: string;
  readonly fields: FieldList;
  readonly body: Readable | Buffer | null;
  /** Told of each interim response (RFC 9110 §15.2) as it arrives, with its end-to-end fields. */
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

export function createOriginClient(options: OriginClientOptions): OriginClient {
  const { origin, clock, connectMs, headersMs, mode = 'safe', budget } = options;
  const pool = new Pool(origin.origin, {
    connections: options.connections,
    connect: buildConnector({ timeout: connectMs }),
    factory: (url, settings) => new OriginConnection(url, settings as ConnectionOptions),
    headersTimeout: headersMs,
    bodyTimeout: options.bodyMs,
  });
  const basePath = origin.pathname.replace(/\/$/, '');

  function attempt(request: OriginRequest, onStart: () => void) {
    const { method, target, fields, body, signal, onInterim } = request;
    const requestAt = clock.now();
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

  /** Sends it now, or not at all: what its connection takes for the rest is another request's time. */
  function attemptNow(request: OriginRequest, leftMs: number) {
    const letInAt = performance.now();
    // undici counts from when a connection is free; waiting for one counts here.
    const deadline = setTimeout(() => exchange.abort(lateOrigin()), leftMs);
    const exchange = attempt(request, () => {
      if (budget != null && performance.now() - letInAt > budget.toleranceMs) throw STARTED_LATE;
      // An upload takes the time it takes, and undici counts from its last bytes.
      if (isUpload(request)) clearTimeout(deadline);
    });
    return { exchange, end: () => clearTimeout(deadline) };
  }

  return {
    async fetch(request) {
      if (request.signal.aborted) throw originError(request.signal.reason);
      let leftMs = connectMs + headersMs;
      let heldMs = 0;
      let isRepeated = false;
      let wasLate = false;
      for (;;) {
        const isBegun = isRepeated || wasLate;
        if (budget != null) heldMs += await admitted(budget, request, { heldMs, isBegun, wasLate });
        const startedAt = performance.now();
        const { exchange, end } = attemptNow(request, leftMs);
        try {
          return heldBack(await exchange.response, heldMs);
        } catch (error) {
          leftMs -= performance.now() - startedAt;
          wasLate = error === STARTED_LATE && leftMs > 0;
          const isRepeat: boolean = !isRepeated && exchange.unanswered && isRepeatable(request);
          if (!wasLate && !isRepeat) throw error;
          isRepeated ||= isRepeat;
        } finally {
          end();
        }
      }
    },
    drain: () => pool.close(),
    close: () => pool.destroy(),
  };
}

// It was let in too long before a connection was there to be sent now, as an origin would see it.
const STARTED_LATE = lateOrigin();

/** Resolves with how long it was held back; what it is let in for is to be sent at once. */
async function admitted(
  budget: OriginBudget,
  { signal, inBackground, waitedMs = 0 }: OriginRequest,
  { heldMs, isBegun, wasLate }: { heldMs: number; isBegun: boolean; wasLate: boolean },
): Promise<number> {
  try {
    const candidate = { signal, waitedMs: waitedMs + heldMs, wasLate };
    return await budget.admit(isBegun ? candidate : { ...candidate, inBackground });
  } catch (error) {
    throw originError(error);
  }
}

function heldBack(response: FetchedResponse, heldMs: number): FetchedResponse {
  return heldMs === 0 ? response : { ...response, heldMs };
}

// RFC 9110 §9.2.2: what has the same effect however often it is received, and can be sent once more.
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'QUERY']);

function isUpload({ body }: OriginRequest): boolean {
  return body !== null && !Buffer.isBuffer(body);
}

function isRepeatable({ method, body }: OriginRequest): boolean {
  return IDEMPOTENT.has(method) && (body === null || Buffer.isBuffer(body));
}
