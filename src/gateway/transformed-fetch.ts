import { Readable } from 'node:stream';
import { within } from '../deadline.ts';
import { CachegateError } from '../errors.ts';
import { fieldValue } from '../http/fields.ts';
import { formatHttpDate } from '../http/http-date.ts';
import type { FetchedResponse } from '../response-cache/cache-request.ts';
import type { OriginClient, OriginRequest } from './origin-client.ts';
import type { Transform, TransformedResponse, TransformResponse } from './transform.ts';
import { checkedResponse } from './transform-results.ts';

export interface TransformedFetchOptions {
  readonly client: OriginClient;
  readonly transform: Transform;
  readonly options: Record<string, unknown>;
  /** A longer body of the origin is an error. */
  readonly maxBodyBytes: number;
  /** For the transform's work on one response, its fetches included. */
  readonly deadlineMs: number;
}

/**
 * Asks the origin and passes its response through a transform, further requests of the transform's own included.
 * Rejects with `ERR_ORIGIN_TIMEOUT` past the deadline, and with a TypeError when the transform gives no response.
 */
export function createTransformedFetch(
  options: TransformedFetchOptions,
): (request: OriginRequest) => Promise<FetchedResponse> {
  const { client, transform, maxBodyBytes, deadlineMs } = options;
  return async (request) => {
    const get = { ...request, method: 'GET', body: null };
    const fetched: FetchedResponse[] = [];
    const fetch = async (target: string, inBackground = false) => {
      const response = await client.fetch({ ...get, target, inBackground });
      fetched.push(response);
      return response;
    };
    // Its own requests wait as others do: what has been asked for in part would have been so in vain.
    const response = await fetch(request.target, request.inBackground);
    try {
      const work = transform.response!(asSeen(response, maxBodyBytes), {
        options: options.options,
        target: request.target,
        fetch: async (target) => asSeen(await fetch(target), maxBodyBytes),
      });
      const result = await within(deadlineMs, work, () => lateAfter(deadlineMs));
      const heldMs = fetched.reduce((sum, each) => sum + (each.heldMs ?? 0), 0);
      return { ...asFetched(result, response), ...(heldMs > 0 && { heldMs }) };
    } finally {
      // What a transform left unread must not keep a connection.
      for (const { body } of fetched) body.destroy();
    }
  };
}

function lateAfter(deadlineMs: number): CachegateError {
  return new CachegateError('ERR_ORIGIN_TIMEOUT', `The transform was not done in ${deadlineMs} ms`);
}

// When a response was made, and who may keep it, is the origin's to say, unless the transform says otherwise.
const CARRIED_OVER = ['Date', 'Cache-Control'];

function asFetched(result: TransformedResponse, response: FetchedResponse): FetchedResponse {
  const { status, headers, body } = checkedResponse(result);
  const content = Buffer.from(body);
  const fields = new Map<string, readonly [string, string]>();
  const set = (name: string, value: string) => fields.set(name.toLowerCase(), [name, value]);
  set('Date', formatHttpDate(response.responseAt));
  set('Content-Type', 'application/json');
  for (const name of CARRIED_OVER) {
    const value = fieldValue(response.fields, name.toLowerCase());
    if (value !== undefined) set(name, value);
  }
  for (const [name, value] of Object.entries(headers)) set(name, value);
  set('Content-Length', String(content.length));
  return {
    status,
    fields: [...fields.values()].flat(),
    body: Readable.from([content], { objectMode: false }),
    requestAt: response.requestAt,
    responseAt: response.responseAt,
  };
}

function asSeen(response: FetchedResponse, maxBodyBytes: number): TransformResponse {
  const text = async () => {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBodyBytes) {
        const message = `The origin's answer is longer than ${maxBodyBytes} bytes`;
        throw new CachegateError('ERR_ORIGIN_PROTOCOL', message);
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString();
  };
  return {
    status: response.status,
    header: (name) => fieldValue(response.fields, name.toLowerCase()),
    text,
    json: async () => JSON.parse(await text()) as unknown,
  };
}
