import { afterEach, expect, it } from 'vitest';
import {
  createFetchParts,
  type SimpleOrigin,
  serviceAt,
  startOrigin,
} from '../../test/support/cached-fetch.ts';
import { causedBy } from './caused-by.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const cause = { correlationId: () => 'of-the-request' };

let origin: SimpleOrigin;
afterEach(() => origin.close());

async function sent(init: RequestInit | undefined) {
  origin = await startOrigin((_, response) => void response.end('answer'));
  const parts = createFetchParts([serviceAt(origin.url)]);
  await (await parts.fetch(`${origin.url}/a`, init)).text();
  await parts.settle();
  return origin.requests[0]!.headers['x-request-id'];
}

it.each([
  ['its own id', causedBy(cause, { headers: { 'X-Request-Id': 'own' } }), 'own'],
  ['its trace’s', { headers: { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` } }, TRACE],
  ['that of the request it is made for', causedBy(cause, undefined), 'of-the-request'],
] as const)('an origin is told the id of a call: %s', async (_, init, id) => {
  expect(await sent(init)).toBe(id);
});

it('an origin is told a new id where there is none', async () => {
  expect(await sent(undefined)).toMatch(/^[0-9a-f]{8}-/);
});

it('a call for nobody’s service is sent as it is', async () => {
  origin = await startOrigin((_, response) => void response.end('answer'));
  const parts = createFetchParts([]);
  await (await parts.fetch(`${origin.url}/a`, causedBy(cause, undefined))).text();
  expect(origin.requests[0]!.headers['x-request-id']).toBeUndefined();
});
