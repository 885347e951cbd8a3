import { CachegateError } from '../errors.ts';
import { markOfOneKey } from './store-errors.ts';

const READONLY = 'READONLY';

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
  TRYAGAIN: 'slot is being moved',
};

/** The first words of refusals that say that no writes are taken, and nothing of reads. */
const UNWRITABLE: ReadonlySet<string> = new Set(['OOM', 'MISCONF', 'NOREPLICAS', READONLY]);

/** The first words of refusals that are of the asked keys alone. */
const OF_ONE_KEY: ReadonlySet<string> = new Set(['WRONGTYPE', 'TRYAGAIN']);

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

/** How the client's own errors begin, and what they mean to people. */
const FAULTS: readonly (readonly [string, string])[] = [
  ['All sentinels are unreachable', 'No Sentinel knows where to connect'],
  ['Too many Cluster redirections', 'Cluster in motion'],
  ['Socket timeout', 'Connection timeout'],
];

/** Whether the server itself answered with an error, as opposed to a fault of the connection. */
export function isReplyError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}

/** Whether the server that answered is a replica. */
export function isReplicaError(error: unknown): boolean {
  return isReplyError(error) && error.message.startsWith(READONLY);
}

/**
 * The store's error for whatever a client threw: `ERR_STORE_UNWRITABLE` for an error reply that says that no writes are
 * taken, `ERR_STORE_REFUSED` for any other, else `ERR_STORE_UNAVAILABLE`. The client's error is not kept as the cause: it carries the command's arguments, keys
 * and passwords among them.
 */
export function toStoreError(error: unknown): CachegateError {
  if (error instanceof CachegateError) return error;
  // Of a Cluster: why the last of its nodes could not be asked.
  if (error instanceof Error && 'lastNodeError' in error && error.lastNodeError instanceof Error) {
    return toStoreError(error.lastNodeError);
  }
  return isReplyError(error) ? refused(error) : unavailable(error);
}

function refused(reply: Error): CachegateError {
  const word = /^[A-Z]+\b/.exec(reply.message)?.[0] ?? 'ERR';
  const error = new CachegateError(
    UNWRITABLE.has(word) ? 'ERR_STORE_UNWRITABLE' : 'ERR_STORE_REFUSED',
    `Store refused: ${REFUSALS[word] ?? 'error reply'} (${word})`,
  );
  return OF_ONE_KEY.has(word) ? markOfOneKey(error) : error;
}

function unavailable(error: unknown): CachegateError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const text = error instanceof Error ? error.message : '';
  const tlsFault = /CERT|TLS|SSL/.test(code) ? `TLS failed (${code})` : undefined;
  const message =
    CONNECTION_FAULTS[code] ??
    tlsFault ??
    FAULTS.find(([start]) => text.startsWith(start))?.[1] ??
    'Connection closed';
  return new CachegateError('ERR_STORE_UNAVAILABLE', message);
}
