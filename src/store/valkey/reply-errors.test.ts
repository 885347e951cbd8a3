import { describe, expect, it } from 'vitest';
import { CachegateError } from '../../errors.ts';
import { toStoreError } from './reply-errors.ts';

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
    ['OOM command not allowed', 'Store refused: out of memory (OOM)'],
    ["READONLY You can't write against a read only replica.", 'Store refused: read-only replica (READONLY)'],
    ['LOADING Valkey is loading the dataset in memory', 'Store refused: loading its data (LOADING)'],
    ['NOAUTH Authentication required.', 'Store refused: authentication required (NOAUTH)'],
    ['CLUSTERDOWN The cluster is down', 'Store refused: cluster is down (CLUSTERDOWN)'],
    ['ERR value is not an integer', 'Store refused: error reply (ERR)'],
    ['', 'Store refused: error reply (ERR)'],
  ])('takes the reply "%s" for a refusal', (reply, message) => {
    expect(toStoreError(replyError(reply))).toMatchObject({ code: 'ERR_STORE_REFUSED', message });
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

  it('does not carry the command on, whose arguments are secrets', () => {
    const error = toStoreError(replyError('OOM command not allowed'));
    expect(error.cause).toBeUndefined();
    expect(JSON.stringify(error)).not.toContain('s3cr3t');
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
