import { expect, it } from 'vitest';
import { requestIdOf } from './request-ids.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;

it.each([
  [{ traceparent, 'x-request-id': 'abc' }, TRACE],
  [{ traceparent: 'garbled', 'x-request-id': 'abc-1.2:3' }, 'abc-1.2:3'],
  [{ 'x-request-id': 'a b' }, null],
  [{ 'x-request-id': 'a'.repeat(129) }, null],
  [{}, null],
])('the id in %j is %s', (fields, id) => {
  expect(requestIdOf((name) => (fields as Record<string, string>)[name])).toBe(id);
});
