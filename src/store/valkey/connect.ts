import { Cluster, Redis, type RedisOptions } from 'iovalkey';
import { CachegateError } from '../../errors.ts';
import { backoffMs } from '../backoff.ts';
import type { ValkeyAddress } from '../store-url.ts';
import { keepSlotsFresh } from './fresh-slots.ts';

/** PEM texts: whom to trust instead of the system's authorities, and who we are. */
export interface ValkeyTls {
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
}

export interface ConnectOptions {
  /** Milliseconds for the connection, TLS and all, to be made. */
  readonly connectTimeoutMs: number;
  readonly tls?: ValkeyTls;
  /** What the Sentinels themselves ask for, if anything; the URL's user and password are the servers'. */
  readonly sentinel?: { readonly username?: string; readonly password?: string };
  /** 0 (inclusive) to 1: spreads the attempts of many processes. */
  readonly random: () => number;
}

/** A connection on which commands wait and no reply comes for this long is dead, and made anew. */
const SILENCE_MS = 5_000;
/** The same where another server may have taken over by then. */
const SILENCE_BEFORE_FAILOVER_MS = 2_000;
const SENTINEL_TIMEOUT_MS = 1_000;
const SLOTS_REFRESH_MS = 10_000;

/**
 * A client that fails fast and comes back by itself: nothing waits for a connection, nothing is sent twice (but what a
 * Cluster's node sent on, or did not do), and connecting is tried for ever, 100 ms to 2 s apart.
 *
 * @throws CachegateError `ERR_CONFIG_INVALID` for `tls` with a URL that is without.
 */
export function connectValkey(address: ValkeyAddress, options: ConnectOptions): Redis | Cluster {
  if (options.tls !== undefined && !address.tls) {
    throw new CachegateError('ERR_CONFIG_INVALID', 'TLS settings need a rediss:// or valkeys:// store URL');
  }
  if (address.topology === 'cluster') return connectCluster(address, options);
  return new Redis({
    ...serverOptions(address, options),
    ...(address.topology === 'sentinel' ? sentinelOptions(address, options) : address.hosts[0]),
    db: address.database,
    socketTimeout: address.topology === 'single' ? SILENCE_MS : SILENCE_BEFORE_FAILOVER_MS,
    retryStrategy: (attempt) => backoffMs(attempt, options.random()),
  });
}

function serverOptions(address: ValkeyAddress, { connectTimeoutMs, tls }: ConnectOptions): RedisOptions {
  return {
    family: 0,
    ...(address.username !== undefined && { username: address.username }),
    ...(address.password !== undefined && { password: address.password }),
    ...(address.tls && { tls: { ...tls } }),
    connectTimeout: connectTimeoutMs,
    disconnectTimeout: 100,
    keepAlive: 10_000,
    enableOfflineQueue: false,
    enableAutoPipelining: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    maxLoadingRetryTime: 1_000,
  };
}

/**
 * That another server is the master now shows when the connection closes, is silent, or refuses writes: the client's own
 * detector is not used, which goes on for ever when it starts while the client is being closed.
 */
function sentinelOptions(address: ValkeyAddress, { tls, sentinel, random }: ConnectOptions): RedisOptions {
  return {
    sentinels: address.hosts.map((host) => ({ ...host })),
    name: address.master!,
    role: 'master',
    sentinelCommandTimeout: SENTINEL_TIMEOUT_MS,
    sentinelRetryStrategy: (attempt) => backoffMs(attempt, random()),
    ...(sentinel?.username !== undefined && { sentinelUsername: sentinel.username }),
    ...(sentinel?.password !== undefined && { sentinelPassword: sentinel.password }),
    ...(address.tls && { sentinelTLS: { ...tls }, enableTLSForSentinelMode: true }),
  };
}

function connectCluster(address: ValkeyAddress, options: ConnectOptions): Cluster {
  const cluster = new Cluster([...address.hosts], {
    clusterRetryStrategy: (attempt) => backoffMs(attempt, options.random()),
    enableOfflineQueue: false,
    enableAutoPipelining: false,
    scaleReads: 'master',
    // Slots that were moved show when they are asked for; that a move was given up, only so.
    slotsRefreshInterval: SLOTS_REFRESH_MS,
    // Moved once and asked once; more only while the Cluster is in motion, and then not for long.
    maxRedirections: 4,
    retryDelayOnClusterDown: 100,
    retryDelayOnTryAgain: 50,
    // A command whose connection is lost may have been done: it is not sent again.
    retryDelayOnFailover: 0,
    slotsRefreshTimeout: options.connectTimeoutMs,
    redisOptions: { ...serverOptions(address, options), socketTimeout: SILENCE_BEFORE_FAILOVER_MS },
  });
  keepSlotsFresh(cluster);
  return cluster;
}
