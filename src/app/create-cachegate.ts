import { randomBytes } from 'node:crypto';
import type { Registry } from 'prom-client';
import { type AppConfig, type CachegateOptions, readAppConfig } from '../config/app-schema.ts';
import { createLog, type Log, logThrough } from '../observe/log.ts';
import { createMiddlewareSessions } from '../session/middleware-sessions.ts';
import type { OwnSessions } from '../session/own/sessions.ts';
import type { Store } from '../store/store.ts';
import { createValueCache } from '../value-cache/create-value-cache.ts';
import { VALUE_SERVICE } from '../value-cache/value-names.ts';
import { type OpenParts, openParts } from '../wiring/open-parts.ts';
import { greetStore, type ValkeyClient } from '../wiring/open-store.ts';
import { wireSessions } from '../wiring/wire-sessions.ts';
import type { Cachegate } from './cachegate.ts';
import { hashKeyOf } from './hash-key.ts';
import { wireFetch } from './wire-fetch.ts';
import { wireFunctions } from './wire-functions.ts';
import { wireGuards } from './wire-guards.ts';
import { wireWarm } from './wire-warm.ts';

export type { CachegateOptions } from '../config/app-schema.ts';
export type { MiddlewareSessions, MiddlewareSessionsOptions } from '../session/middleware-sessions.ts';
export type { ValueCache, ValueOptions } from '../value-cache/value-cache.ts';
export type { WarmAllOptions, WarmCounts } from '../warm/warm-all.ts';
export type { ValkeyClient } from '../wiring/open-store.ts';
export type { Admission, Cachegate, Guard, PartsRequest } from './cachegate.ts';

/** What an application's parts are given beside their options. */
export interface CachegateSetup {
  /** Its variables are set over the options. Default: the process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** The application's own log; by default one on standard output. */
  readonly log?: Log;
  /**
   * The application's own client of ioredis or iovalkey, instead of one made of the store's URL, which says the same
   * place. It is left connected at the end.
   */
  readonly valkeyClient?: ValkeyClient;
  /** The application's own of prom-client, to measure sessions in; `metrics: false` of the options turns that off. */
  readonly registry?: Registry;
}

/**
 * Makes the parts of cachegate for an application, on one store with one connection (C1). A store on another machine that
 * is away is no reason not to start: the parts go on without it, and use it as soon as it is back (C3).
 *
 * @throws CachegateError `ERR_CONFIG_INVALID` (a `ConfigError` that tells all that is wrong), `ERR_STORE_UNAVAILABLE` for
 * a folder that can't be used
 */
export async function createCachegate(
  options: CachegateOptions = {},
  { env = process.env, log: given, valkeyClient, registry }: CachegateSetup = {},
): Promise<Cachegate> {
  const config = readAppConfig(options, env, process.cwd());
  const log = given === undefined ? createLog({ level: config.logging_level }) : logThrough(given);
  const named = { ...config, store: config.store ?? 'memory:' };
  const parts = await openParts(named, {
    ...{ env, log, valkeyClient },
    hashKey: hashKeyOf(config),
    services: () => Object.keys(config.services),
    alsoStored: [VALUE_SERVICE],
    registry: config.metrics ? (registry ?? null) : null,
    sessions: config.sessions === 'off' ? null : config.sessions.mode,
  });
  const store = parts.opened.store!;
  try {
    const cachegate = await assemble(config, parts, store, log, given ?? log);
    await greet(config, parts, log);
    return cachegate;
  } catch (error) {
    await parts.statistics.close();
    await store.close();
    throw error;
  }
}

function isJwtOnly({ sessions }: AppConfig): boolean {
  return sessions !== 'off' && sessions.mode === 'jwt';
}

/** @param own the application's log, as it has given it */
async function assemble(
  config: AppConfig,
  parts: OpenParts,
  store: Store,
  log: Log,
  own: Log,
): Promise<Cachegate> {
  const { statistics } = parts;
  const sessions = sessionsOf(config, parts, store, log);
  const guards = await wireGuards(config, parts, store);
  const warming = wireWarm(parts.observer);

  async function close(): Promise<void> {
    warming.close();
    try {
      await sessions?.close();
      await parts.background.settle(config.store_timeout_ms);
      await guards.close();
      await statistics.close();
    } finally {
      await store.close();
    }
    log.info(`Closed the store at ${parts.opened.shownUrl}`);
  }
  let closing: Promise<void> | null = null;

  return {
    sessions,
    cache: createValueCache({ ...parts, store }),
    cached: wireFunctions(parts, store, log),
    fetch: wireFetch(config, parts, store),
    gate: guards.gate,
    limit: guards.limit,
    log: own,
    store,
    statistics,
    getStats: statistics.getStats,
    getStatsAsync: statistics.getStatsAsync,
    warm: warming.warm,
    forgetGate: guards.forgetGate,
    middlewareSessions: (options) => createMiddlewareSessions({ ...parts, store }, options),
    close() {
      closing ??= close();
      return closing;
    },
  };
}

function sessionsOf(
  { namespace, sessions }: AppConfig,
  { keys, clock, observer }: OpenParts,
  store: Store,
  log: Log,
): OwnSessions | null {
  if (sessions === 'off') return null;
  const secrets = sessions.secrets ?? [secretOfThisProcess(log)];
  return wireSessions({ ...sessions, secrets }, { store, keys, namespace, clock, observer });
}

const SECRET_BYTES = 48;

function secretOfThisProcess(log: Log): string {
  log.warn('No secret of sessions is configured: a random one is made, and sessions end with the process');
  return randomBytes(SECRET_BYTES).toString('base64url');
}

async function greet(config: AppConfig, { opened }: OpenParts, log: Log): Promise<void> {
  if (isJwtOnly(config)) log.warn('Sessions are judged by their tokens alone: the mode is jwt');
  if (config.store !== undefined) return greetStore(opened, log);
  opened.greeted();
  const stored = config.sessions !== 'off' && config.sessions.mode === 'store';
  log.warn(
    stored
      ? 'No store is configured: sessions are kept in memory and end with the process'
      : 'No store is configured: what is cached is kept in memory and ends with the process',
  );
}
