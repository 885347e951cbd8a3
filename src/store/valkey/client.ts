import { Redis } from 'iovalkey';
import { backoffMs } from '../backoff.ts';
import type { ValkeyAddress } from '../store-url.ts';

/**
 * What the store needs of a client: a client of iovalkey or ioredis fits. It may be the application's own; then
 * its settings are the application's too, except that nothing is sent while its `status` is not `ready`.
 */
export interface ValkeyClient {
  readonly status: string;
  call(command: string, args: (string | Buffer | number)[]): Promise<unknown>;
  /** As `call`, with bulk strings in the reply as Buffers. */
  callBuffer(command: string, args: (string | Buffer | number)[]): Promise<unknown>;
  connect(): Promise<void>;
  disconnect(): void;
  quit(): Promise<unknown>;
  on(event: ClientEvent, listener: (error: unknown) => void): unknown;
  off(event: ClientEvent, listener: (error: unknown) => void): unknown;
}

export type ClientEvent = 'ready' | 'error' | 'close';

export interface ConnectOptions {
  /** Milliseconds for the connection, TLS and all, to be made. */
  readonly connectTimeoutMs: number;
  /** 0 (inclusive) to 1: spreads the attempts of many processes. */
  readonly random: () => number;
}

/** A connection on which commands wait and no reply comes for this long is dead, and made anew. */
const SILENCE_MS = 5_000;

/**
 * A client that fails fast and comes back by itself: nothing waits for a connection, nothing is sent twice, and
 * connecting is tried for ever, 100 ms to 2 s apart.
 */
export function connectValkey(address: ValkeyAddress, options: ConnectOptions): Redis {
  return new Redis({
    host: address.host,
    port: address.port,
    family: 0,
    db: address.database,
    ...(address.username !== undefined && { username: address.username }),
    ...(address.password !== undefined && { password: address.password }),
    ...(address.tls && { tls: {} }),
    connectTimeout: options.connectTimeoutMs,
    disconnectTimeout: 100,
    socketTimeout: SILENCE_MS,
    keepAlive: 10_000,
    enableOfflineQueue: false,
    enableAutoPipelining: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    maxLoadingRetryTime: 1_000,
    retryStrategy: (attempt) => backoffMs(attempt, options.random()),
  });
}
