import { buildConnector, type Dispatcher, Pool } from 'undici';
import type { OriginBudget } from '../origin-budget/origin-budget.ts';
import type { FetchedResponse } from '../response-cache/cache-request.ts';
import { lateOrigin, originError } from '../response-cache/origin-error.ts';
import {
  isRepeatable,
  isUpload,
  type OriginClient,
  type OriginClientOptions,
  type OriginRequest,
} from './origin-client.ts';
import { type CarriedOptions, type ConnectionOptions, OriginConnection } from './origin-connection.ts';
import { OriginExchange } from './origin-exchange.ts';

/** An origin over a pool of connections of its own. */
export function createUndiciOrigin(options: OriginClientOptions): OriginClient {
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
