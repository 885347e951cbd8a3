import { describe, expect, it } from 'vitest';
import { CachegateError } from '../../errors.ts';
import { fromClientError, fromErrorReply } from './rest-errors.ts';

function thrown(name: string, message: string, cause?: unknown): Error {
  const error = new Error(message, { cause });
  error.name = name;
  return error;
}

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

describe('fromClientError', () => {
  const command = ', command was: [["set","session:s3cr3t","true"]]';

  it.each([
    ['Unauthorized', 'ERR_STORE_REFUSED', 'Store refused: wrong token'],
    ['WRONGPASS invalid or missing auth token', 'ERR_STORE_REFUSED', '(WRONGPASS)'],
    ['ERR max daily request limit exceeded', 'ERR_STORE_REFUSED', 'quota'],
    ['internal', 'ERR_STORE_UNAVAILABLE', 'Store answered with an error'],
    ['undefined', 'ERR_STORE_UNAVAILABLE', 'Store answered with an error'],
  ])('reads an answer with the error "%s"', (text, code, message) => {
    const error = fromClientError(thrown('UpstashError', text + command));
    expect(error).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(error.message).not.toContain('s3cr3t');
    expect(error.cause).toBeUndefined();
  });

  it('reads an answer that is no JSON', () => {
    const error = fromClientError(thrown('UpstashJSONParseError', 'Unable to parse response body: <html>'));
    expect(error).toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message: 'Answer of the store is no JSON',
    });
  });

  it('says why there was no connection', () => {
    const cause = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    const error = fromClientError(thrown('TypeError', 'fetch failed', cause));
    expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', message: 'Connection refused' });
    expect(fromClientError('odd')).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  });

  it('leaves an error of the store as it is', () => {
    const error = new CachegateError('ERR_STORE_TIMEOUT', 'Connection timeout');
    expect(fromClientError(error)).toBe(error);
  });
});
