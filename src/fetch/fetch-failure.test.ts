import { describe, expect, it } from 'vitest';
import { CachegateError } from '../errors.ts';
import { isBrokenConnection } from '../response-cache/origin-error.ts';
import { originFailure } from './fetch-failure.ts';

const failed = (cause: unknown) => new TypeError('fetch failed', { cause });
const withCode = (code: string) => Object.assign(new Error('x'), { code });
const sending = (why: string) =>
  new Error(`error sending request from 127.0.0.1:5 for http://origin.test/?key=secret: client error ${why}`);

describe('a fetch that failed', () => {
  it.each<[string, unknown, string, boolean]>([
    ['Node, refused', failed(withCode('ECONNREFUSED')), 'ERR_ORIGIN_CONNECT', false],
    ['Node, broken off', failed(withCode('UND_ERR_SOCKET')), 'ERR_ORIGIN_PROTOCOL', true],
    [
      'Bun, no such name',
      Object.assign(new TypeError('x'), { code: 'ENOTFOUND' }),
      'ERR_ORIGIN_CONNECT',
      false,
    ],
    [
      'Bun, broken off',
      Object.assign(new TypeError('x'), { code: 'ECONNRESET' }),
      'ERR_ORIGIN_PROTOCOL',
      true,
    ],
    ['Deno, refused', failed(sending('(Connect): tcp connect error')), 'ERR_ORIGIN_CONNECT', false],
    ['Deno, no such name', failed(sending('(Connect): dns error: failed')), 'ERR_ORIGIN_CONNECT', false],
    [
      'Deno, broken off',
      failed(sending('(SendRequest): connection closed before message completed')),
      ...(['ERR_ORIGIN_PROTOCOL', true] as const),
    ],
    [
      'Deno, in the content',
      new TypeError('error reading a body from connection'),
      'ERR_ORIGIN_PROTOCOL',
      true,
    ],
    ['Deno, nonsense', failed(sending('(SendRequest): invalid HTTP version')), 'ERR_ORIGIN_PROTOCOL', false],
  ])('is the same to the cache on every runtime: %s', (_, error, code, isBroken) => {
    const failure = originFailure(error);
    expect([failure.code, isBrokenConnection(failure.cause)]).toEqual([code, isBroken]);
    expect(failure.message).not.toContain('secret');
  });

  it('by one of our own errors is that', () => {
    const own = new CachegateError('ERR_ORIGIN_BUDGET', 'spent');
    expect(originFailure(failed(own))).toBe(own);
  });
});
