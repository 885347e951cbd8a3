import { CachegateError } from '../../errors.ts';

/** First words of error replies, and what they mean to people. */
const REFUSALS: Readonly<Record<string, string>> = {
  OOM: 'out of memory',
  READONLY: 'read-only replica',
  LOADING: 'loading its data',
  MISCONF: 'cannot persist its data',
  CLUSTERDOWN: 'cluster is down',
  MASTERDOWN: 'primary is down',
  BUSY: 'busy with a script',
  NOAUTH: 'authentication required',
  WRONGPASS: 'wrong user name or password',
  NOPERM: 'permission denied',
  WRONGTYPE: 'key holds another type',
  NOREPLICAS: 'too few replicas',
};

/** Codes of the network and of DNS, and what they mean to people. */
const CONNECTION_FAULTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Connection refused',
  ECONNRESET: 'Connection closed',
  EPIPE: 'Connection closed',
  ETIMEDOUT: 'Connection timeout',
  ENOTFOUND: 'Host not found',
  EAI_AGAIN: 'Host not found',
  EHOSTUNREACH: 'Host unreachable',
  ENETUNREACH: 'Network unreachable',
};

/** Whether the server itself answered with an error, as opposed to a fault of the connection. */
export function isReplyError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

/**
 * The store's error for whatever a client threw: `ERR_STORE_REFUSED` for an error reply, else
 * `ERR_STORE_UNAVAILABLE`. The client's error is not kept as the cause: it carries the command's arguments, keys
 * and passwords among them.
 */
export function toStoreError(error: unknown): CachegateError {
  if (error instanceof CachegateError) return error;
  return isReplyError(error) ? refused(error) : unavailable(error);
}

function refused(reply: Error): CachegateError {
  const word = /^[A-Z]+\b/.exec(reply.message)?.[0] ?? 'ERR';
  return new CachegateError(
    'ERR_STORE_REFUSED',
    `Store refused: ${REFUSALS[word] ?? 'error reply'} (${word})`,
  );
}

function unavailable(error: unknown): CachegateError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const tlsFault = /CERT|TLS|SSL/.test(code) ? `TLS failed (${code})` : undefined;
  const message = CONNECTION_FAULTS[code] ?? tlsFault ?? 'Connection closed';
  return new CachegateError('ERR_STORE_UNAVAILABLE', message);
}
