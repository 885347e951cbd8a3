import { describe, expect, it } from 'vitest';
import { correlationIdOf } from './correlation.ts';
import type { GateRequest } from './request.ts';

const idOf = (fields: Record<string, string>) =>
  correlationIdOf({ field: (name: string) => fields[name] } as unknown as GateRequest);
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('the correlation id', () => {
  it('is the trace id, before the request id', () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    expect(idOf({ traceparent, 'x-request-id': 'abc' })).toBe('4bf92f3577b34da6a3ce929d0e0e4736');
  });

  it('is the request id of the caller', () => {
    expect(idOf({ 'x-request-id': 'abc-1.2:3' })).toBe('abc-1.2:3');
  });

  it.each(['', 'a b', 'a\nb', '"', 'é', 'a'.repeat(129)])('is a new one in the place of %j', (id) => {
    expect(idOf({ 'x-request-id': id })).toMatch(UUID);
  });

  it('is a new one where there is none', () => {
    expect(idOf({ traceparent: '00-short-01' })).toMatch(UUID);
    expect(idOf({})).not.toBe(idOf({}));
  });
});
