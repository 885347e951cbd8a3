import { CachegateError } from '../../errors.ts';
import { isReplyError, toStoreError } from '../reply-errors.ts';
import type { ClientEvent, ValkeyClient } from './client.ts';

export interface ConnectionChange {
  readonly connected: boolean;
  /** Why not, when it is not. */
  readonly error?: CachegateError;
}

export interface Connection {
  /** Why no command can be sent now, or `null`. */
  fault(): CachegateError | null;
  /** Waits for the attempt to connect that is under way, if one is. Rejects with the fault. */
  ready(): Promise<void>;
  /** Listens no longer. */
  release(): void;
}

/** Owns a client's events: each change is reported once, and no `error` goes unhandled. */
export function watchConnection(
  client: ValkeyClient,
  onChange: (change: ConnectionChange) => void,
): Connection {
  let connected: boolean | undefined;
  let lastError: CachegateError | undefined;
  // A refused SELECT leaves the client ready, on another database than the one that was asked for.
  let refused = false;

  function report(change: ConnectionChange): void {
    if (change.connected === connected) return;
    connected = change.connected;
    onChange(change);
  }

  const listeners = {
    ready: () => {
      if (refused) return;
      lastError = undefined;
      report({ connected: true });
    },
    error: (error: unknown) => {
      lastError = toStoreError(error);
      refused ||= isReplyError(error);
      // Where no Sentinel can be asked, no connection closes either.
      if (refused || (connected === undefined && client.status !== 'ready'))
        report({ connected: false, error: lastError });
    },
    close: () => {
      refused = false;
      report({ connected: false, error: currentFault() });
    },
  };

  function currentFault(): CachegateError {
    if (lastError === undefined) return new CachegateError('ERR_STORE_UNAVAILABLE', 'Connection closed');
    return new CachegateError(lastError.code, lastError.message);
  }

  function fault(): CachegateError | null {
    return client.status === 'ready' && !refused ? null : currentFault();
  }

  /** One wait for all who ask meanwhile. */
  let attempt: Promise<void> | null = null;
  async function ready(): Promise<void> {
    if (isUnderWay(client.status)) {
      attempt ??= nextOf(client, ['ready', 'close', 'error']).finally(() => {
        attempt = null;
      });
      await attempt;
    }
    const found = fault();
    if (found !== null) throw found;
  }

  client.on('ready', listeners.ready);
  client.on('error', listeners.error);
  client.on('close', listeners.close);
  if (client.status === 'wait') client.connect().catch(listeners.error);
  return {
    fault,
    ready,
    release: () => {
      client.off('ready', listeners.ready);
      client.off('error', listeners.error);
      client.off('close', listeners.close);
    },
  };
}

function isUnderWay(status: string): boolean {
  return status === 'connecting' || status === 'connect';
}

function nextOf(client: ValkeyClient, events: readonly ClientEvent[]): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of events) client.off(event, done);
      resolve();
    };
    for (const event of events) client.on(event, done);
  });
}
