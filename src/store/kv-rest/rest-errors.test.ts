import { describe, expect, it } from 'vitest';
import { CachegateError } from '../../errors.ts';
import { fromErrorAnswer, fromErrorReply, fromFetchError } from './rest-errors.ts';

describe('fromErrorReply', () => {
  it.each([
    ['ERR max daily request limit exceeded. Limit: 10000', 'ERR_STORE_REFUSED', /quota of requests/],
    ['ERR max request size exceeded. Limit: 1048576', 'ERR_STORE_VALUE_TOO_LARGE', /larger/],
    ['ERR DB capacity quota exceeded', 'ERR_STORE_UNWRITABLE', /full/],
    ['OOM command not allowed', 'ERR_STORE_UNWRITABLE', /\(OOM\)/],
    ['NOPERM this user has no permissions to run the set command', 'ERR_STORE_REFUSED', /\(NOPERM\)/],
    ['WRONGTYPE Operation against a key', 'ERR_STORE_REFUSED', /\(WRONGTYPE\)/],
    ['something', 'ERR_STORE_REFUSED', /error reply/],
  ])('takes "%s" for a refusal', (text, code, message) => {
    expect(fromErrorReply(text)).toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe('fromErrorAnswer', () => {
  it.each([
    ['Unauthorized', 'ERR_STORE_REFUSED', 'Store refused: wrong token'],
    ['WRONGPASS invalid or missing auth token', 'ERR_STORE_REFUSED', '(WRONGPASS)'],
    ['ERR max daily request limit exceeded', 'ERR_STORE_REFUSED', 'quota'],
    ['internal', 'ERR_STORE_UNAVAILABLE', 'Store answered with an error'],
    ['', 'ERR_STORE_UNAVAILABLE', 'Store answered with an error'],
  ])('reads the error "%s"', (text, code, message) => {
    expect(fromErrorAnswer(text)).toMatchObject({ code, message: expect.stringContaining(message) });
  });
});

describe('fromFetchError', () => {
  it('says why there was no connection', () => {
    const cause = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    const error = fromFetchError(new TypeError('fetch failed', { cause }));
    expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', message: 'Connection refused' });
    expect(error.cause).toBeUndefined();
    expect(fromFetchError('odd')).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  });

  it('leaves an error of the store as it is', () => {
    const error = new CachegateError('ERR_STORE_TIMEOUT', 'Connection timeout');
    expect(fromFetchError(error)).toBe(error);
  });
});
