import { describe, expect, it } from 'vitest';
import { bearerToken } from './bearer-token.ts';

describe('the bearer token (RFC 6750 §2.1)', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bEARER   a-._~+/B9==', 'a-._~+/B9=='],
  ])('of %j is %j', (value, token) => expect(bearerToken(value)).toBe(token));

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearerabc',
    'Basic abc',
    'Bearer a b',
    'Bearer a=b',
    ' Bearer a',
  ])('is not in %j', (value) => expect(bearerToken(value)).toBeNull());

  it('is not in two lines of the field', () => expect(bearerToken('Bearer abc, Bearer abc')).toBeNull());
});
