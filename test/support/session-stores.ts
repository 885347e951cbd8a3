import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import {
  createMiddlewareSessions,
  type MiddlewareSessionsSource,
} from '../../src/session/middleware-sessions.ts';
import { createStoreKeys } from '../../src/store/keys.ts';
import { createKvRestStore } from '../../src/store/kv-rest/kv-rest-store.ts';
import { createLmdbStore } from '../../src/store/lmdb/lmdb-store.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { createNearStore } from '../../src/store/near/near-store.ts';
import { createResilientStore } from '../../src/store/resilience/resilient-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createValkeyStore } from '../../src/store/valkey/valkey-store.ts';
import { startKvRestFront } from './kv-rest-front.ts';
import { startValkeyServer } from './valkey-server.ts';

/** Where sessions are kept in a test. */
export interface SessionPlace {
  /** A store on it, as another process would open one. */
  open(): Store | Promise<Store>;
  stop(): Promise<void>;
}

const wrapped = (store: Store) =>
  createNearStore(createResilientStore(store), { maxBytes: 1_000_000, maxAgeMs: 1_000, isNear: () => true });

/** The stores that sessions can be kept in, as an application has them. */
export const SESSION_PLACES: Record<string, () => SessionPlace | Promise<SessionPlace>> = {
  memory: () => ({ open: () => createMemoryStore({ maxBytes: 10_000_000 }), stop: async () => {} }),
  lmdb() {
    const path = mkdtempSync(join(tmpdir(), 'cachegate-sessions-'));
    return {
      open: async () => createResilientStore(await createLmdbStore({ path })),
      stop: async () => rmSync(path, { recursive: true, force: true }),
    };
  },
  async Valkey() {
    const server = await startValkeyServer();
    return { open: () => wrapped(createValkeyStore({ url: server.url })), stop: server.stop };
  },
  async 'kv-rest'() {
    const server = await startValkeyServer();
    const front = await startKvRestFront(server.url);
    return {
      open: () => wrapped(createKvRestStore({ url: front.url, token: front.token })),
      async stop() {
        await front.close();
        await server.stop();
      },
    };
  },
};

/** What an application's cachegate is to the stores of its middleware. */
export function sessionsSource(store: Store): MiddlewareSessionsSource {
  const parts = { store, keys: createStoreKeys('', 'secret'), clock: systemClock };
  return { middlewareSessions: (options) => createMiddlewareSessions(parts, options) };
}
