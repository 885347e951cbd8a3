import { setTimeout as sleep } from 'node:timers/promises';
import { backoffMs } from '../backoff.ts';
import { type ConfirmationNames, type Confirmations, createConfirmations } from './confirmations.ts';
import { type Heartbeat, startHeartbeat } from './heartbeat.ts';
import type { Master } from './masters.ts';
import type { TrackableClient } from './trackable-client.ts';
import { openTrackingConnection, type TrackingConnection } from './tracking-connection.ts';

/** The hearing of one master's changes, over one connection after another. */
export interface TrackingLink {
  readonly master: Master;
  /** As `Store.coherentUntil`, for the keys of this master. */
  readonly coherentUntil: number;
  /** Resolves when all processes have heard of what was changed there before; rejects when it can't be known. */
  confirmed(): Promise<void>;
  close(): Promise<void>;
}

export interface TrackingLinkOptions {
  readonly master: Master;
  readonly prefixes: readonly string[];
  readonly names: ConfirmationNames;
  readonly onKey: (key: string) => void;
  /** Changes may have been missed. */
  readonly onLost: () => void;
  /** Called when `coherentUntil` may be another; with why, when the connection ended. */
  readonly onBeat: (error?: Error) => void;
  readonly random: () => number;
}

interface Hearing {
  readonly connection: TrackingConnection;
  readonly confirmations: Confirmations;
  readonly heartbeat: Heartbeat;
}

const LEAVE_DEADLINE_MS = 200;

/** Connects for as long as the client is connected itself, 100 ms to 2 s apart; a new connection of its means another server. */
export function createTrackingLink(options: TrackingLinkOptions): TrackingLink {
  const { master, names, onLost, onBeat, random } = options;
  const { client } = master;
  const stopping = new AbortController();
  let hearing: Hearing | null = null;

  /** Resolves with why the connection ended; rejects when there was none. */
  async function hear(): Promise<Error> {
    let confirmations: Confirmations | undefined;
    const connection = await openTrackingConnection({
      ...options,
      channelOf: names.channelOf,
      signal: stopping.signal,
      hearing: {
        key: (key) => {
          if (confirmations?.heard(key) !== true) options.onKey(key);
        },
        everything: onLost,
        message: (text) => confirmations?.message(text),
      },
    });
    confirmations = createConfirmations(client, connection.id, names);
    return listen(connection, confirmations);
  }

  async function listen(connection: TrackingConnection, confirmations: Confirmations): Promise<Error> {
    const heartbeat = startHeartbeat({
      beat: () => Promise.all([connection.ping(), confirmations.register()]),
      onBeat,
      onSilence: connection.close,
    });
    hearing = { connection, confirmations, heartbeat };
    const clientClosed = () => connection.close(new Error('Connection closed'));
    client.on('close', clientClosed);
    if (client.status !== 'ready') clientClosed();
    const reason = await connection.ended;
    client.off('close', clientClosed);
    hearing = null;
    heartbeat.stop();
    onLost();
    return reason;
  }

  async function keepHearing(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        await ready(client, stopping.signal);
        onBeat(await hear());
        failures = 1;
      } catch (error) {
        if (stopping.signal.aborted) return;
        onBeat(error as Error);
        failures += 1;
      }
      await pause(backoffMs(failures, random()), stopping.signal);
    }
  }

  async function close(): Promise<void> {
    if (hearing !== null) {
      hearing.heartbeat.stop();
      // Else purges would wait for it.
      const left = hearing.confirmations.leave().catch(() => {});
      await Promise.race([left, pause(LEAVE_DEADLINE_MS, stopping.signal)]);
    }
    stopping.abort();
    await kept;
  }

  const kept = keepHearing();
  return {
    master,
    get coherentUntil() {
      return hearing === null ? 0 : hearing.heartbeat.coherentUntil;
    },
    confirmed: async () => {
      if (hearing === null) throw new Error('Not connected');
      await hearing.confirmations.confirmed();
    },
    close,
  };
}

/** Waits until a client is connected. Rejects when it is not to be waited for any more. */
function ready(client: TrackableClient, signal: AbortSignal): Promise<void> {
  if (client.status === 'ready') return Promise.resolve();
  // A Cluster's client connects to a node when it is first asked for something.
  if (client.status === 'wait') client.connect().catch(() => {});
  return new Promise((resolve, reject) => {
    const settle = () => {
      client.off('ready', settle);
      signal.removeEventListener('abort', settle);
      if (signal.aborted) reject(new Error('Closed'));
      else resolve();
    };
    client.on('ready', settle);
    signal.addEventListener('abort', settle);
  });
}

/** Keeps no process alive. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { ref: false, signal }).catch(() => {});
}
