import { CachegateError } from '../../errors.ts';
import type { SetOptions, Store } from '../store.ts';
import { storeClosed, valueTooLarge } from '../store-errors.ts';
import { parseStoreUrl } from '../store-url.ts';
import { connectValkey, type ValkeyClient } from './client.ts';
import { type ConnectionChange, watchConnection } from './connection.ts';
import { createFusedReads } from './fused-reads.ts';
import { createInFlight } from './in-flight.ts';
import { toStoreError } from './reply-errors.ts';

interface WatchOptions {
  /** Called once for each change of the connection, the first one included. */
  readonly onConnectionChange?: (change: ConnectionChange) => void;
}

/** A connection of the store's own, from a URL as `parseStoreUrl` reads it. */
export interface ValkeyUrlOptions extends WatchOptions {
  readonly url: string;
  /** 2000 by default. */
  readonly connectTimeoutMs?: number;
  readonly random?: () => number;
}

/** A client that the application has and keeps: `close` lets go of it, and leaves it connected. */
export interface ValkeyClientOptions extends WatchOptions {
  readonly client: ValkeyClient;
}

const MAX_IN_FLIGHT = 20_000;
const CLOSE_DEADLINE_MS = 1_000;

/**
 * The store on one Valkey or Redis server. The reads and takes of one turn of the event loop leave at its end, as
 * one command; writes leave at once. Takes go by the server's clock. A Buffer that is read may be a part of what
 * came over the socket: copy it to keep it long. Calls have no deadline here: see `createResilientStore`.
 *
 * @throws CachegateError `ERR_CONFIG_INVALID` for a bad URL. Being away is no error here, but of each call.
 */
export function createValkeyStore(options: ValkeyUrlOptions | ValkeyClientOptions): Store {
  const ownsClient = 'url' in options;
  const client: ValkeyClient = ownsClient ? connectUrl(options) : options.client;
  const inFlight = createInFlight(MAX_IN_FLIGHT);
  const reads = createFusedReads(client, inFlight);
  let closed = false;
  const connection = watchConnection(client, (change) => {
    if (!closed) options.onConnectionChange?.(change);
  });

  function open(): void {
    if (closed) throw storeClosed();
    const fault = connection.fault();
    if (fault !== null) throw fault;
  }

  async function command(name: string, args: (string | Buffer | number)[]): Promise<unknown> {
    open();
    inFlight.enter(1);
    try {
      return await client.call(name, args);
    } catch (error) {
      throw toStoreError(error);
    } finally {
      inFlight.leave(1);
    }
  }

  async function set(key: string, bytes: Buffer, ttlMs: number, options?: SetOptions): Promise<boolean> {
    const refusal = valueTooLarge(bytes.length);
    if (refusal !== null) throw refusal;
    const args = [key, bytes, 'PX', ttlMs];
    if (options?.onlyIfAbsent === true) args.push('NX');
    return (await command('set', args)) === 'OK';
  }

  async function remove(keys: readonly string[]): Promise<number> {
    open();
    return keys.length === 0 ? 0 : Number(await command('unlink', [...keys]));
  }

  async function ping(): Promise<void> {
    if (!closed) await connection.ready();
    await command('ping', []);
  }

  async function close(): Promise<void> {
    if (closed) return;
    closed = true;
    reads.flush();
    const finished = inFlight.drained().then(() => (ownsClient ? client.quit() : undefined));
    await settledWithin(finished, CLOSE_DEADLINE_MS);
    if (ownsClient) client.disconnect();
    else connection.release();
  }

  return {
    kind: 'redis',
    get: rejecting((keys) => {
      open();
      return reads.get(keys);
    }),
    take: rejecting((key, rules) => {
      open();
      return reads.take(key, rules);
    }),
    set,
    delete: remove,
    ping,
    close,
  };
}

function connectUrl({ url, connectTimeoutMs = 2_000, random = Math.random }: ValkeyUrlOptions): ValkeyClient {
  const location = parseStoreUrl(url);
  if (location.kind === 'memory') {
    throw new CachegateError('ERR_CONFIG_INVALID', 'Bad store URL: memory: names no Valkey server');
  }
  return connectValkey(location, { connectTimeoutMs, random });
}

/** Makes what a function throws a rejection, without the promise that `async` would add to its answer. */
function rejecting<A extends unknown[], T>(call: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
  return (...args) => {
    try {
      return call(...args);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

/** Waits for a promise to settle either way, for so long at most. */
function settledWithin(promise: Promise<unknown>, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, deadlineMs);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    promise.then(done, done);
  });
}
