import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Cachegate } from '../app/cachegate.ts';
import { type Check, checkAll } from './guards.ts';
import { HeldParts } from './held-parts.ts';
import { refuse } from './node-parts.ts';
import { refusal, refusalOf } from './refusal.ts';
import type { RequestParts } from './request-parts.ts';

export { rateLimit, requireGate, requireSession } from './guards.ts';

export type NodeHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  parts: RequestParts,
) => unknown;

export interface NodeOptions {
  /** Asked in this order before the handler; the first refusal is the answer. */
  readonly guards?: readonly Check[];
}

/**
 * `createServer(withCachegate(cachegate, handler))`. What the handler sets in `parts.session` is stored when its answer is
 * sent. Its errors are answered: those of session and store with 503 or 409, others with 500.
 */
export function withCachegate(
  cachegate: Cachegate,
  handler: NodeHandler,
  { guards = [] }: NodeOptions = {},
): RequestListener {
  async function serve(request: IncomingMessage, response: ServerResponse, parts: HeldParts): Promise<void> {
    const refused = (await parts.open()) ?? (await checkAll(parts, guards));
    if (refused === null) await handler(request, response, parts);
    else refuse(response, refused);
  }

  return (request, response) => {
    const parts = new HeldParts(cachegate, request, response);
    serve(request, response, parts).catch((error) => {
      const answer = refusalOf(error);
      if (answer === null) parts.logError('A handler has failed', error);
      // What has come to its end is whole, whatever happened afterwards.
      if (response.writableEnded) return;
      if (response.headersSent) response.destroy();
      else refuse(response, answer ?? refusal(500));
    });
  };
}
