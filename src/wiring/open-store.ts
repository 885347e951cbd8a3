import type { Clock } from '../clock.ts';
import type { Config } from '../config/schema.ts';
import type { CachegateError } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import type { StoreObserver } from '../observe/observer.ts';
import { createMemoryStore } from '../store/memory.ts';
import { storeFailure } from '../store/reading.ts';
import { createResilientStore, type StoreState } from '../store/resilient.ts';
import type { Store } from '../store/store.ts';
import { redactUrl } from '../store/store-url.ts';
import { createValkeyStore } from '../store/valkey/valkey-store.ts';

/** The configured store, the only place that chooses a backend. */
export interface OpenStore {
  /** `null`: none is configured. */
  readonly store: Store | null;
  /** Asking it takes a round trip. */
  readonly distant: boolean;
  state(): StoreState | 'none';
  /** The address without credentials. */
  readonly shownUrl: string;
}

const MIB = 1024 * 1024;

export function openStore(config: Config, clock: Clock, observer: StoreObserver): OpenStore {
  const url = config.store;
  if (url === 'none:') return { store: null, distant: false, state: () => 'none', shownUrl: url };
  if (url === 'memory:') {
    const store = createMemoryStore({ maxBytes: config.memory_limit_mib * MIB, clock });
    return { store, distant: false, state: () => 'available', shownUrl: url };
  }
  const health = createHealth((state, error) => observer.storeStateChanged?.(state, error));
  const backend = createValkeyStore({
    url,
    onConnectionChange: ({ connected, error }) => health.connection(connected, error),
  });
  const store = createResilientStore(backend, {
    deadlineMs: config.store_timeout_ms,
    onStateChange: ({ state, error }) =>
      health.circuit(state === 'available', error === undefined ? undefined : storeFailure(error)),
  });
  return { store, distant: true, state: health.state, shownUrl: redactUrl(url) };
}

/** Available is a store that is connected and whose circuit is closed; each change of both together is told once. */
function createHealth(onChange: (state: StoreState, error?: CachegateError) => void) {
  let connected = false;
  let closed = true;
  let known: StoreState | null = null;
  const state = (): StoreState => (connected && closed ? 'available' : 'away');
  function update(error: CachegateError | undefined): void {
    const now = state();
    // That it is there at the start is no change; the greeting says it.
    if (now !== known && !(known === null && now === 'available')) onChange(now, error);
    known = now;
  }
  return {
    state,
    connection(isConnected: boolean, error?: CachegateError) {
      connected = isConnected;
      update(error);
    },
    circuit(isClosed: boolean, error?: CachegateError) {
      closed = isClosed;
      update(error);
    },
  };
}

/** Says once at start whether the store answers. One that is away does not stop the start: it comes back by itself. */
export async function greetStore({ store, shownUrl }: OpenStore, log: Log): Promise<void> {
  if (store === null) {
    log.warn('No store is configured: nothing is cached, and each session is validated anew');
    return;
  }
  try {
    await store.ping();
    log.info({ store: store.kind }, `Connected to the store at ${shownUrl}`);
  } catch (error) {
    const { code, message } = storeFailure(error);
    log.error(
      { store: store.kind, errorType: code },
      `The store at ${shownUrl} is away: ${message}; going on without it`,
    );
  }
}
