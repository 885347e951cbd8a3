import { randomUUID } from 'node:crypto';
import type { Master } from './masters.ts';
import { type SubscribingClient, subscribingClient } from './trackable-client.ts';

/** What is heard over a connection, in the order in which it happened on the server. */
export interface Hearing {
  /** A key with one of the prefixes was changed by anybody. */
  key(key: string): void;
  /** All keys were. */
  everything(): void;
  /** Something was said on the connection's own channel. */
  message(text: string): void;
}

/** One connection that hears of the changes on one server. */
export interface TrackingConnection {
  readonly id: string;
  /** Settles with why it ended. */
  readonly ended: Promise<Error>;
  /** Resolves when the server has answered: all that it said before has been heard then. */
  ping(): Promise<unknown>;
  close(reason: Error): void;
}

export interface TrackingConnectionOptions {
  readonly master: Master;
  /** Of the keys that are tracked; none begins another. */
  readonly prefixes: readonly string[];
  /** Of the connection's own channel. */
  readonly channelOf: (id: string) => string;
  readonly hearing: Hearing;
  /** Ends it, also while it is being opened. */
  readonly signal: AbortSignal;
}

const INVALIDATE = '__redis__:invalidate';
const OPEN_DEADLINE_MS = 3_000;

/**
 * Opens a connection that redirects its invalidations to itself, and then subscribes to them: were it two connections,
 * the death of one would stop the invalidations in silence. Rejects when it was not open after three seconds.
 */
export async function openTrackingConnection(
  options: TrackingConnectionOptions,
): Promise<TrackingConnection> {
  const client = subscribingClient(options.master.client);
  if (client === null) throw new Error('The client has no duplicate()');
  const id = randomUUID();
  const ending = watchEnd(client);
  const abort = () => ending.end(new Error('Closed'));
  options.signal.addEventListener('abort', abort, { once: true });
  void ending.ended.then(() => options.signal.removeEventListener('abort', abort));
  if (options.signal.aborted) abort();
  const timer = setTimeout(ending.end, OPEN_DEADLINE_MS, new Error('Connection timeout'));
  try {
    const opened = subscribe(client, id, options);
    opened.catch(() => {});
    await Promise.race([opened, ending.ended.then((error) => Promise.reject(error))]);
  } catch (error) {
    ending.end(error instanceof Error ? error : new Error('Connection closed'));
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return {
    id,
    ended: ending.ended,
    ping: () => client.call('ping', []),
    close: ending.end,
  };
}

async function subscribe(
  client: SubscribingClient,
  id: string,
  { master, prefixes, channelOf, hearing }: TrackingConnectionOptions,
): Promise<void> {
  await client.connect();
  const own = Number(await client.call('client', ['ID']));
  const wanted = prefixes.flatMap((prefix) => ['PREFIX', prefix]);
  const channel = channelOf(id);
  client.on('messageBuffer', (from, said) => hear(hearing, String(from) === channel, said));
  await client.call('client', ['TRACKING', 'ON', 'REDIRECT', own, 'BCAST', ...wanted]);
  await client.call('subscribe', [INVALIDATE, channel]);
  // A name may lead to another server by now, a Sentinel's most of all: what is written there must be heard here.
  const receivers = Number(await master.client.call('publish', [channel, '']));
  if (receivers === 0) throw new Error('Connected to another server than the one that is written to');
}

/** What came on the own channel is text; invalidations are an array of keys, or null for all keys. */
function hear(hearing: Hearing, isOwnChannel: boolean, said: unknown): void {
  if (isOwnChannel) hearing.message(String(said));
  else if (Array.isArray(said)) for (const key of said) hearing.key(String(key));
  else hearing.everything();
}

/** Ends a client once, for the first reason there is, its own or another's. */
function watchEnd(client: SubscribingClient) {
  let end!: (reason: Error) => void;
  let failure: unknown;
  const ended = new Promise<Error>((resolve) => {
    end = (reason) => {
      resolve(reason);
      client.disconnect();
    };
  });
  client.on('error', (error) => {
    failure = error;
  });
  const closed = () => end(failure instanceof Error ? failure : new Error('Connection closed'));
  client.on('close', closed);
  client.on('end', closed);
  return { ended, end };
}
