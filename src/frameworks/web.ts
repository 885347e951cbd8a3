import type { Cachegate } from '../app/cachegate.ts';
import { type CompiledConfig, createGateOn, type Gate, type GateOptions } from '../serverless/create-gate.ts';
import { readPlatformContext } from '../serverless/request-context.ts';
import { type Check, checkAll } from './guards.ts';
import { refusal, refusalOf } from './refusal.ts';
import type { RequestParts } from './request-parts.ts';
import { refusedResponse, settledResponse, WebParts } from './web-parts.ts';

export type {
  CompiledConfig,
  FetchHandler,
  Gate,
  GateOptions,
  RouteMethod,
} from '../serverless/create-gate.ts';
export type { PlatformContext, WaitUntil } from '../serverless/request-context.ts';
export { rateLimit, requireGate, requireSession } from './guards.ts';

export type WebHandler = (request: Request, parts: RequestParts) => Response | Promise<Response>;

export interface WebOptions {
  /** Asked in this order before the handler; the first refusal is the answer. */
  readonly guards?: readonly Check[];
}

export interface WebRequestInfo {
  /** The address of the connection's other end, which a `Request` does not tell; empty: a Unix socket. */
  readonly peer?: string;
}

/**
 * A handler of the fetch standard. What `handler` sets in `parts.session` is stored before the answer is given back; a
 * body that is still written then has `session.update`. Errors are answered: those of session and store with 503 or 409,
 * others with 500.
 */
export function withCachegate(
  cachegate: Cachegate,
  handler: WebHandler,
  { guards = [] }: WebOptions = {},
): (request: Request, info?: WebRequestInfo) => Promise<Response> {
  async function answer(request: Request, parts: WebParts): Promise<Response> {
    try {
      const refused = await checkAll(parts, guards);
      return refused === null ? responseOf(await handler(request, parts)) : refusedResponse(refused, []);
    } catch (error) {
      const known = refusalOf(error);
      if (known === null) parts.logError('A handler has failed', error);
      return refusedResponse(known ?? refusal(500), []);
    }
  }

  return async (request, { peer = 'unknown' } = {}) => {
    const parts = new WebParts(cachegate, request, peer);
    const refused = await parts.open();
    if (refused !== null) return refusedResponse(refused, parts.fields);
    const response = await answer(request, parts);
    return settledResponse(response, await parts.commitAll(), parts.fields);
  };
}

/** A `return` is easily forgotten, and no type says so to who writes JavaScript. */
function responseOf(answered: Response | undefined): Response {
  if (answered?.headers === undefined) throw new TypeError('The handler has given back no Response');
  return answered;
}

/**
 * The configured gate as `{ fetch }`, for any platform of the fetch standard: Bun, Deno, Node, workers.
 * @param compiled what `cachegate build` has written
 */
export function createGate(compiled: CompiledConfig, options: GateOptions = {}): Gate {
  return createGateOn(compiled, options, readPlatformContext);
}
