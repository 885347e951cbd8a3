import { join } from 'node:path';
import { Agent, request } from 'undici';
import { PROJECT } from '../../scripts/prepare.mjs';
import { withoutPassing } from './passing.mjs';

const ENTRY = join(PROJECT, 'dist', 'entries', 'fetch.js');
const EMPTY = new Set([204, 205, 304]);
const MAX_STATUS = 599;

/**
 * undici's own `request` through the interceptor, in front of the suite's origin, as a function that the suite can use.
 *
 * @param {{ origin: string, mode: string }} settings
 */
export async function openIntercepted({ origin, mode }) {
  const { createCacheInterceptor } = await import(ENTRY);
  const cache = await createCacheInterceptor({ store: 'memory:', mode, services: { default: { origin } } });
  const dispatcher = new Agent().compose(cache);
  return async (url, init) => {
    const { method = 'GET', headers, body, signal } = withoutPassing(init);
    const options = { dispatcher, method, headers: headers.flat(), body, signal };
    return asResponse(method, await request(url, { ...options, responseHeaders: 'raw' }));
  };
}

/** Nothing else of undici's is between the suite and what the interceptor gives: no decoding, no cache modes. */
async function asResponse(method, { statusCode, statusText, headers, body }) {
  const fields = new Headers();
  for (let i = 0; i < headers.length; i += 2) fields.append(headers[i], headers[i + 1]);
  const content = await body.bytes();
  const isOdd = statusCode > MAX_STATUS;
  const response = new Response(EMPTY.has(statusCode) || method === 'HEAD' ? null : content, {
    ...{ status: isOdd ? 200 : statusCode, statusText, headers: fields },
  });
  // The suite's origin says 999 where it has been asked what it did not expect, and no Response can be made of that.
  return isOdd ? Object.defineProperty(response, 'status', { value: statusCode }) : response;
}
