import * as z from 'zod';
import { STORE_URL_FORMS } from '../store/store-url.ts';
import { accepts } from './accepted.ts';
import { conflictFaults } from './conflicts.ts';
import type { Environment } from './environment.ts';
import { environmentSettings, placeSettings, withKvService } from './environment-settings.ts';
import { ConfigError, type Fault, faultAt } from './fault.ts';
import { blockConflicts } from './gate-conflicts.ts';
import { kvServiceFaults } from './kv-service.ts';
import { entriesAt, isMapping } from './path.ts';
import { DAY_SECONDS, orOff, patterned, text, wholeNumber } from './scalars.ts';
import { configSchema } from './schema.ts';
import { schemaFaults } from './schema-faults.ts';
import { serviceSchema } from './service-schema.ts';
import { sessionsSchema } from './sessions-schema.ts';
import type { Sources } from './source.ts';
import { isStoreUrl } from './urls.ts';

// An application's parts are nothing without one; where none is named, it is this process's memory.
const storeUrl = () => text((found) => found !== 'none:' && isStoreUrl(found), STORE_URL_FORMS);

const rateLimit = z.strictObject({
  limit: wholeNumber('requests', 1, 1_000_000_000),
  window_seconds: wholeNumber('seconds', 1, DAY_SECONDS).default(10),
});

const services = z.record(
  patterned(
    /^(?!values$)[a-z][a-z0-9_-]{0,62}$/,
    'a name of a-z, 0-9, _ and -, 63 characters at most, a letter first, and not values',
  ),
  serviceSchema.pick({ origin: true, cache: true, timeouts: true, origin_limit: true }),
);

const { shape } = configSchema;

/** What an application says of its parts: the names, ranges and defaults of the file, without what is a server's. */
export const appSchema = z.strictObject({
  store: storeUrl().optional(),
  store_timeout_ms: shape.store_timeout_ms,
  store_tls: shape.store_tls,
  memory_limit_mib: shape.memory_limit_mib,
  disk_limit_mib: shape.disk_limit_mib,
  near_cache: shape.near_cache,
  namespace: shape.namespace,
  hash_key: shape.hash_key,
  trusted_proxies: shape.trusted_proxies,
  mode: shape.mode,
  logging_level: shape.logging_level,
  log_cache_hits: shape.log_cache_hits,
  log_cache_misses: shape.log_cache_misses,
  log_ttl_info: shape.log_ttl_info,
  log_timing_metrics: shape.log_timing_metrics,
  aggregate_log_interval: shape.aggregate_log_interval,
  statistics_enabled: shape.statistics_enabled,
  statistics_storage: shape.statistics_storage,
  statistics_sample_size: shape.statistics_sample_size,
  metrics: shape.metrics,
  sessions: orOff(sessionsSchema, 'a mapping of secrets, mode, idle_ttl_seconds and more').default('off'),
  gate: serviceSchema.shape.session,
  rate_limit: orOff(rateLimit, 'a mapping of limit and window_seconds').default('off'),
  services: accepts(services, 'a mapping of services by their names').default({}),
});

/** The options as they are used: environment and defaults filled in. */
export type AppConfig = z.output<typeof appSchema>;

/** The options as they are written. */
export type CachegateOptions = z.input<typeof appSchema>;

/**
 * Checks an application's options, the environment's own settings over them. `NODE_ENV=production` asks for what a
 * single process on a desk can do without: the secrets of sessions.
 * @throws ConfigError (`ERR_CONFIG_INVALID`) with every fault there is.
 */
export function readAppConfig(options: unknown, env: Environment, cwd: string): AppConfig {
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options);
  const written = isObject ? withoutUndefined(options) : options;
  const { tree, sources } = isMapping(written)
    ? placeSettings(written, withKvService(environmentSettings(written, env, cwd), written, env))
    : { tree: written, sources: new Map() };
  const parsed = appSchema.safeParse(tree);
  const first = [
    ...(parsed.success ? [] : schemaFaults(parsed.error.issues, { tree, sources, faults: [] }, appSchema)),
    ...(isMapping(tree) ? kvServiceFaults(tree.store, env) : []),
  ];
  const all = firstOfEach([...first, ...conflictsOf(tree, sources, env)]);
  if (all.length > 0 || !parsed.success) throw new ConfigError(all);
  return parsed.data;
}

/** A place has one fault, however many there are to find. */
function firstOfEach(faults: readonly Fault[]): Fault[] {
  const byPath = new Map<string, Fault>();
  for (const fault of faults) if (!byPath.has(fault.path)) byPath.set(fault.path, fault);
  return [...byPath.values()];
}

function withoutUndefined(options: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** As a file's that says the same, where every service has a path. */
function conflictsOf(tree: unknown, sources: Sources, env: Environment): Fault[] {
  if (!isMapping(tree)) return [];
  const { gate, store, ...rest } = tree;
  // A server may go without a store; here that is a fault of its own.
  const stored = store === 'none:' ? {} : { store };
  const named = entriesAt(tree, ['services']).filter(([, service]) => isMapping(service));
  const services = named.map(([name, service]) => [name, { ...(service as object), path: `/${name}` }]);
  const ofFile = conflictFaults({ ...rest, ...stored, services: Object.fromEntries(services) }, sources);
  const mayLack = env.NODE_ENV === 'production' ? [] : ['sessions.secrets'];
  return [
    ...ofFile.filter(({ path }) => !mayLack.includes(path)),
    ...blockConflicts(gate, GATE, tree),
    ...ofServersAlone(gate),
  ];
}

const GATE = ['gate'];

/** What a gate in front of an origin may say, and one in an application may not. */
function ofServersAlone(gate: unknown): Fault[] {
  if (!isMapping(gate)) return [];
  const keys = ['pass_identity', 'passed', 'identity_secret', 'logout_path'].filter((key) => key in gate);
  const faults = keys.map((key) =>
    faultAt([...GATE, key], [], 'found in an application', 'this of a service of a server alone'),
  );
  if (gate.authority !== 'own') return faults;
  const accepted = 'the authority of another system; own sessions are those of sessions';
  return [...faults, faultAt([...GATE, 'authority'], [], 'found "own" in an application', accepted)];
}
