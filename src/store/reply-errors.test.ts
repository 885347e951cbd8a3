import { describe, expect, it } from 'vitest';
import { CachegateError } from '../errors.ts';
import { toStoreError } from './reply-errors.ts';
import { isOfOneKey } from './store-errors.ts';

function replyError(message: string): Error {
  const error = new Error(message);
  error.name = 'ReplyError';
  return Object.assign(error, { command: { name: 'set', args: ['session:s3cr3t', 'true'] } });
}

function networkError(code: string): Error {
  return Object.assign(new Error(`connect ${code} 10.0.0.1:6379`), { code });
}

describe('toStoreError', () => {
  it.each([
    ['LOADING Valkey is loading the dataset in memory', 'Store refused: loading its data (LOADING)'],
    ['NOAUTH Authentication required.', 'Store refused: authentication required (NOAUTH)'],
    ['CLUSTERDOWN The cluster is down', 'Store refused: cluster is down (CLUSTERDOWN)'],
    ['ERR value is not an integer', 'Store refused: error reply (ERR)'],
    ['', 'Store refused: error reply (ERR)'],
  ])('takes the reply "%s" for a refusal', (reply, message) => {
    expect(toStoreError(replyError(reply))).toMatchObject({ code: 'ERR_STORE_REFUSED', message });
  });

  it.each([
    ['OOM command not allowed', 'Store refused: out of memory (OOM)'],
    ["READONLY You can't write against a read only replica.", 'Store refused: read-only replica (READONLY)'],
    ['MISCONF Valkey is configured to save', 'Store refused: cannot persist its data (MISCONF)'],
    ['NOREPLICAS Not enough good replicas', 'Store refused: too few replicas (NOREPLICAS)'],
  ])('takes the reply "%s" for a server that takes no writes', (reply, message) => {
    expect(toStoreError(replyError(reply))).toMatchObject({ code: 'ERR_STORE_UNWRITABLE', message });
  });

  it.each([
    ['ECONNREFUSED', 'Connection refused'],
    ['ECONNRESET', 'Connection closed'],
    ['ETIMEDOUT', 'Connection timeout'],
    ['ENOTFOUND', 'Host not found'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'TLS failed (DEPTH_ZERO_SELF_SIGNED_CERT)'],
    ['ESOMETHING', 'Connection closed'],
  ])('takes %s for a store that is away', (code, message) => {
    expect(toStoreError(networkError(code))).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', message });
  });

  it.each([
    [
      'All sentinels are unreachable. Retrying from scratch after 10ms.',
      'No Sentinel knows where to connect',
    ],
    ['Too many Cluster redirections. Last error: CLUSTERDOWN', 'Cluster in motion'],
    ["Socket timeout. Expecting data, but didn't receive any in 1ms.", 'Connection timeout'],
  ])('takes the error of the client "%s" for a store that is away', (text, message) => {
    expect(toStoreError(new Error(text))).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', message });
  });

  it('says why the last node of a Cluster could not be asked', () => {
    const error = Object.assign(new Error('Failed to refresh slots cache.'), {
      lastNodeError: replyError('WRONGPASS invalid username-password pair'),
    });
    expect(toStoreError(error)).toMatchObject({ code: 'ERR_STORE_REFUSED' });
  });

  it('does not carry the command on, whose arguments are secrets', () => {
    const error = toStoreError(replyError('OOM command not allowed'));
    expect(error.cause).toBeUndefined();
    expect(JSON.stringify(error)).not.toContain('s3cr3t');
  });

  it.each([
    ['WRONGTYPE Operation against a key holding the wrong kind of value', true],
    ['TRYAGAIN Multiple keys request during rehashing of slot', true],
    ['NOPERM User app has no permissions', false],
  ])('takes the reply "%s" for one of the asked keys alone: %s', (text, expected) => {
    const reply = Object.assign(new Error(text), { name: 'ReplyError' });
    expect(isOfOneKey(toStoreError(reply))).toBe(expected);
  });

  it('leaves an error of the store as it is', () => {
    const error = new CachegateError('ERR_STORE_CLOSED', 'Store closed');
    expect(toStoreError(error)).toBe(error);
  });

  it('takes anything else for a closed connection', () => {
    expect(toStoreError('odd')).toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message: 'Connection closed',
    });
  });
});
