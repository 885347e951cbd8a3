import { Agent, type Dispatcher } from 'undici';
import type { AskedResponse, Asker, AskerOptions } from '../session/authorities/asker.ts';

/** Asks by connections of its own. */
export function createUndiciAsker({ connections, connectMs }: AskerOptions): Asker {
  const agent = new Agent({ connections, connect: { timeout: connectMs } });
  return {
    async ask(target, { method, fields, signal }) {
      const response = await agent.request({
        origin: target.origin,
        path: target.pathname + target.search,
        method: method as Dispatcher.HttpMethod,
        headers: fields as string[],
        signal,
      });
      return asAsked(response);
    },
    close: () => agent.destroy(),
  };
}

function asAsked({ statusCode, headers, body }: Dispatcher.ResponseData): AskedResponse {
  return {
    status: statusCode,
    lines: (lowerName) => [headers[lowerName] ?? []].flat(),
    body,
    discard: (maxBytes) =>
      body.dump({ limit: maxBytes }).then(
        () => {},
        () => {},
      ),
  };
}
