import { describe, expect, it } from 'vitest';
import { checkAddress, kvRestFromEnvironment } from './kv-rest-address.ts';

const VERCEL = { KV_REST_API_URL: 'https://kv.example', KV_REST_API_TOKEN: 'token-of-kv' };
const UPSTASH = {
  UPSTASH_REDIS_REST_URL: 'https://upstash.example/',
  UPSTASH_REDIS_REST_TOKEN: 'token-of-upstash',
};

describe('kvRestFromEnvironment', () => {
  it('reads either pair of variables, the first when both are there', () => {
    const kv = { url: 'https://kv.example', token: 'token-of-kv' };
    expect(kvRestFromEnvironment(VERCEL)).toEqual(kv);
    expect(kvRestFromEnvironment(UPSTASH)).toEqual({
      url: 'https://upstash.example',
      token: 'token-of-upstash',
    });
    expect(kvRestFromEnvironment({ ...UPSTASH, ...VERCEL })).toEqual(kv);
  });

  it('takes the token that only reads for who only reads, if there is one', () => {
    const env = { ...VERCEL, KV_REST_API_READ_ONLY_TOKEN: 'token-that-reads' };
    expect(kvRestFromEnvironment(env, 'reading').token).toBe('token-that-reads');
    expect(kvRestFromEnvironment(env).token).toBe('token-of-kv');
    expect(kvRestFromEnvironment(VERCEL, 'reading').token).toBe('token-of-kv');
    const other = { ...UPSTASH, KV_REST_API_READ_ONLY_TOKEN: 'token-that-reads' };
    expect(kvRestFromEnvironment(other, 'reading').token).toBe('token-of-upstash');
  });

  it('takes an empty variable for none', () => {
    const env = { ...UPSTASH, KV_REST_API_URL: '', KV_REST_API_TOKEN: ' ' };
    expect(kvRestFromEnvironment(env).token).toBe('token-of-upstash');
  });

  it.each([
    [{}, 'set KV_REST_API_URL and KV_REST_API_TOKEN, or UPSTASH_REDIS_REST_URL and UPSTASH_REDIS_REST_TOKEN'],
    [
      { KV_REST_API_URL: 'https://kv.example', ...UPSTASH },
      'KV_REST_API_URL is set, but not KV_REST_API_TOKEN',
    ],
    [
      { UPSTASH_REDIS_REST_TOKEN: 's3cr3t' },
      'UPSTASH_REDIS_REST_TOKEN is set, but not UPSTASH_REDIS_REST_URL',
    ],
    [{ ...VERCEL, KV_REST_API_URL: 's3cr3t' }, 'KV_REST_API_URL is not a URL'],
    [
      { ...VERCEL, KV_REST_API_URL: 'redis://:s3cr3t@kv.example' },
      'KV_REST_API_URL is not an http or https URL',
    ],
    [
      { ...VERCEL, KV_REST_API_URL: 'https://:s3cr3t@kv.example' },
      'KV_REST_API_URL has a user or a password in it',
    ],
    [
      { ...VERCEL, KV_REST_API_URL: 'https://kv.example?_token=s3cr3t' },
      'KV_REST_API_URL has a query or a fragment',
    ],
    [
      { ...VERCEL, KV_REST_API_TOKEN: 's3cr3t\nx' },
      "KV_REST_API_TOKEN is empty, or has characters that a token can't have",
    ],
  ])('says what is wrong with %j, and shows no value', (env, problem) => {
    const call = () => kvRestFromEnvironment(env);
    const message = `Bad kv-rest store: ${problem}`;
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_INVALID', message }));
  });
});

describe('checkAddress', () => {
  it('calls the parts as the options do', () => {
    expect(() => checkAddress({ url: 'https://kv.example', token: '' })).toThrow(/: token is empty/);
    expect(() => checkAddress({ url: '', token: 't' })).toThrow(/: url is not a URL/);
  });
});
