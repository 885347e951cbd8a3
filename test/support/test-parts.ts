import type { Admission, Cachegate } from '../../src/app/cachegate.ts';
import { wireFunctions } from '../../src/app/wire-functions.ts';
import { createBackground } from '../../src/background.ts';
import { systemClock } from '../../src/clock.ts';
import { createLog } from '../../src/observe/log.ts';
import { createMiddlewareSessions } from '../../src/session/middleware-sessions.ts';
import { createSessions } from '../../src/session/own/sessions.ts';
import { NO_STATISTICS } from '../../src/statistics/create-statistics.ts';
import { createStoreKeys } from '../../src/store/keys.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { createFaultyStore, type FaultyStore } from '../../src/testing/faulty-store.ts';
import { createValueCache } from '../../src/value-cache/create-value-cache.ts';
import { warmAll } from '../../src/warm/warm-all.ts';
import type { LogRecord } from './gate.ts';

/** The parts in an application with a store that fails when it is told to; gate and limit say what the test says. */
export interface TestParts extends Cachegate {
  readonly store: FaultyStore;
  readonly logged: LogRecord[];
  /** What `limit` says from now on. */
  limitSays: Admission;
  readonly closed: boolean;
  /** Who has been forgotten by `forgetGate`. */
  readonly forgotten: string[];
  /** How many entries the store has of sessions. */
  sessionCount(): Promise<number>;
}

const ADMITTED: Admission = { admitted: true, fields: [], identity: null };

/** @param jwtOnlyMs for so long after its issue a token is trusted alone */
export function createTestParts({ jwtOnlyMs = 900_000 } = {}): TestParts {
  const store = createFaultyStore(createMemoryStore({ clock: systemClock, maxBytes: 64 * 1024 * 1024 }));
  const keys = createStoreKeys('', 'a secret of the test');
  const logged: LogRecord[] = [];
  const destination = { write: (line: string) => void logged.push(JSON.parse(line) as LogRecord) };
  const log = createLog({ level: 'detailed', destination });
  const background = createBackground(1_000, (error) => log.error({ err: error }, 'Background'));
  const sessions = createSessions({
    store,
    keys,
    secrets: ['a secret of the test that is long enough'],
    namespace: '',
    mode: 'store',
    idleMs: 1_800_000,
    absoluteMs: 43_200_000,
    jwtOnlyMs,
    degradedWrites: 'refuse',
    maxBytes: 65_536,
    allowedOrigins: [],
    cookie: { name: 'session', secure: true, sameSite: 'Lax', path: '/' },
    clock: systemClock,
    observer: {},
  });
  const parts: TestParts & { closed: boolean } = {
    store,
    logged,
    closed: false,
    forgotten: [],
    limitSays: ADMITTED,
    sessions,
    cache: createValueCache({ store, keys, background, observer: {} }),
    cached: wireFunctions({ clock: systemClock, keys, background, observer: {} }, store, log),
    fetch: async (input) => new Response(`fetched ${String(input)}`),
    gate: (request) =>
      request.field('x-remote') === 'ada'
        ? Promise.resolve({ ...ADMITTED, identity: { user: 'remote-ada', roles: ['editor'] } })
        : REFUSED,
    limit: () => parts.limitSays,
    middlewareSessions: (options) => createMiddlewareSessions({ store, keys, clock: systemClock }, options),
    log,
    statistics: NO_STATISTICS,
    getStats: NO_STATISTICS.getStats,
    getStatsAsync: NO_STATISTICS.getStatsAsync,
    warm: warmAll,
    forgetGate: async (request) => {
      parts.forgotten.push(request.field('x-remote') ?? '');
    },
    async sessionCount() {
      const members = await Promise.all(keys.sessionTags('own').map((tag) => store.members(tag, null)));
      return members.reduce((sum, { bases }) => sum + bases.length, 0);
    },
    async close() {
      parts.closed = true;
      await sessions.close();
      await store.close();
    },
  };
  return parts;
}

const REFUSED: Admission = {
  admitted: false,
  status: 401,
  fields: ['Content-Type', 'application/json'],
  body: '{"error":"Invalid or expired session"}',
};
