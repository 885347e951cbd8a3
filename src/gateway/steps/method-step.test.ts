import { describe, expect, it } from 'vitest';
import type { Exchange } from '../exchange.ts';
import { createMethodStep } from './method-step.ts';

const step = createMethodStep(['GET', 'OPTIONS', 'TRACE', 'CONNECT']);
const ask = (method: string, maxForwards?: string) =>
  step({ request: { method, field: () => maxForwards } } as unknown as Exchange);

describe('methods', () => {
  it('that the service has pass', () => {
    expect(ask('GET')).toBeNull();
    expect(ask('OPTIONS')).toBeNull();
  });

  it.each(['POST', 'TRACE', 'CONNECT', 'get', ''])('%s is refused, and told which there are', (method) => {
    expect(ask(method)).toMatchObject({
      status: 405,
      fields: expect.arrayContaining(['Allow', 'GET, OPTIONS']),
    });
  });
});

describe('Max-Forwards (RFC 9110 §7.6.2)', () => {
  it.each(['0', '00'])('of %s makes this the last hop of an OPTIONS', (value) => {
    expect(ask('OPTIONS', value)).toEqual({ status: 204, fields: ['Allow', 'GET, OPTIONS'], body: null });
  });

  it.each(['1', '10', '', '-0', '+0', '0x0', '0, 0', ' ', 'none', '0.0'])('of %j does not', (value) => {
    expect(ask('OPTIONS', value)).toBeNull();
  });

  it('means nothing in other methods', () => {
    expect(ask('GET', '0')).toBeNull();
  });
});
