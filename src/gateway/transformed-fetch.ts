import { Readable } from 'node:stream';
import { CachegateError } from '../errors.ts';
import { fieldValue } from '../http/fields.ts';
import { formatHttpDate } from '../http/http-date.ts';
import type { FetchedResponse } from '../response-cache/cache-request.ts';
import type { OriginClient, OriginRequest } from './origin-client.ts';
import type { Transform, TransformResponse } from './transform.ts';

export interface TransformedFetchOptions {
  readonly client: OriginClient;
  readonly transform: Transform;
  readonly options: Record<string, unknown>;
  /** A longer body of the origin is an error. */
  readonly maxBodyBytes: number;
}

/** Asks the origin and passes its response through a transform, further requests of the transform's own included. */
export function createTransformedFetch(
  options: TransformedFetchOptions,
): (request: OriginRequest) => Promise<FetchedResponse> {
  const { client, transform, maxBodyBytes } = options;
  return async (request) => {
    const get = { ...request, method: 'GET', body: null };
    const response = await client.fetch(get);
    const result = await transform.response!(asSeen(response, maxBodyBytes), {
      options: options.options,
      target: request.target,
      fetch: async (target) => asSeen(await client.fetch({ ...get, target }), maxBodyBytes),
    });
    // A transform that did not want the body leaves it; the connection is not to wait for it.
    response.body.destroy();
    const body = Buffer.from(result.body);
    const headers = { 'Content-Type': 'application/json', ...result.headers };
    return {
      status: result.status,
      fields: [
        ...Object.entries(headers).flat(),
        ...['Content-Length', String(body.length)],
        ...['Date', fieldValue(response.fields, 'date') ?? formatHttpDate(response.responseAt)],
      ],
      body: Readable.from([body], { objectMode: false }),
      requestAt: response.requestAt,
      responseAt: response.responseAt,
    };
  };
}

function asSeen(response: FetchedResponse, maxBodyBytes: number): TransformResponse {
  const text = async () => {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response.body as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > maxBodyBytes) {
        throw new CachegateError(
          'ERR_ORIGIN_PROTOCOL',
          `The origin's answer is longer than ${maxBodyBytes} bytes`,
        );
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
