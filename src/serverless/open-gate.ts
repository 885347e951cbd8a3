import type { CompiledConfig } from '../compiled/compiled-config.ts';
import { resolveConfig } from '../compiled/resolve-config.ts';
import { ConfigError, faultAt } from '../config/fault.ts';
import type { Config } from '../config/schema.ts';
import { FUNCTION_STORES, isFunctionStore } from '../config/text-forms.ts';
import type { Gateway } from '../gateway/gateway.ts';
import { type Log, logThrough } from '../observe/known-logs.ts';
import { hashKeyOf } from '../wiring/hash-key.ts';
import { type OpenParts, openParts } from '../wiring/open-parts.ts';
import { greetStore } from '../wiring/open-store.ts';
import { wireGateway } from '../wiring/wire-gateway.ts';
import type { OwnSessions } from '../wiring/wire-sessions.ts';
import { createFollowAnswer, type FollowAnswer } from './behind.ts';
import { createFetchOutbound, type FetchOutbound } from './fetch-outbound.ts';
import { createPlainLog } from './plain-log.ts';
import { type WatchedStore, watchStore } from './watched-store.ts';

export interface OpenGateOptions {
  readonly env: NodeJS.ProcessEnv;
  /** The application's own log; by default one on standard output. */
  readonly log?: Log | undefined;
}

/** A gate that answers. */
export interface OpenGate {
  readonly gateway: Gateway;
  readonly log: Log;
  readonly follow: FollowAnswer;
  /** Lets what is under way finish, then lets go of the store. */
  close(): Promise<void>;
}

/**
 * Opens the gate of a compiled configuration. Nothing is asked of the store or any origin.
 * @throws ConfigError (`ERR_CONFIG_INVALID`) with a line for each fault of the configuration or the environment
 */
export async function openGate(
  compiled: CompiledConfig,
  { env, log: given }: OpenGateOptions,
): Promise<OpenGate> {
  const config = resolveConfig(compiled, env);
  requireFunctionStore(config);
  const log = given === undefined ? createPlainLog({ level: config.logging_level }) : logThrough(given);
  let watched: WatchedStore | null = null;
  const parts = await openParts(config, {
    ...{ env, log, registry: null, lasting: false },
    hashKey: hashKeyOf(config),
    services: () => Object.keys(config.services),
    routeOf: (service) => config.services[service]?.path,
    sessions: config.sessions?.mode ?? null,
    watch: (store) => {
      watched = watchStore(store);
      return watched.store;
    },
  });
  const own = await ownParts(config, parts);
  const outbound = createFetchOutbound({ clock: parts.clock });
  const development = env.NODE_ENV === 'development';
  const wired = await wireGateway(config, { ...parts, own, development, outbound });
  await greet(parts, log);
  return {
    gateway: wired.gateway,
    log,
    follow: followAnswers(parts, outbound, watched),
    async close() {
      await parts.background.settle(config.shutdown_timeout_ms);
      await wired.close();
      await own?.close();
      await parts.statistics.close();
      await parts.opened.store?.close();
    },
  };
}

/** What was built is never of another; what was made by hand may be. */
function requireFunctionStore({ store }: Config): void {
  if (isFunctionStore(store)) return;
  throw new ConfigError([faultAt('store', [], 'found another store', FUNCTION_STORES)]);
}

function followAnswers(
  { background, statistics }: OpenParts,
  outbound: FetchOutbound,
  watched: WatchedStore | null,
): FollowAnswer {
  return createFollowAnswer({
    underWay: [background.underWay, outbound.underWay, ...(watched === null ? [] : [watched.underWay])],
    begin() {
      const flushing = statistics.flushIfDue();
      if (flushing !== null) background.run(() => flushing);
    },
  });
}

/** Loaded only where it is used. `null`: the gate has nothing to do with applications' sessions. */
async function ownParts({ sessions, namespace }: Config, parts: OpenParts): Promise<OwnSessions | null> {
  const { store } = parts.opened;
  if (sessions === undefined || store === null) return null;
  const { wireSessions } = await import('../wiring/wire-sessions.ts');
  return wireSessions(sessions, { ...parts, store, namespace });
}

/**
 * That the instance has but its own memory is said, since that may be for want of a variable. Whether a KV service is there
 * shows with the first request: asking it costs a command at each start.
 */
async function greet({ opened }: OpenParts, log: Log): Promise<void> {
  if (opened.distant) opened.greeted();
  else await greetStore(opened, log);
}
