import { resolve } from 'node:path';
import type { Source } from './draft.ts';
import { type Environment, variable } from './environment.ts';
import { KV_VARIABLES } from './kv-service.ts';
import { formatPath, isMapping, type Path, valueAt } from './path.ts';

/** A value that is set outside of the configuration itself. */
export interface Setting {
  readonly path: Path;
  /** The variable or the option that it comes from. */
  readonly name: string;
  readonly value: unknown;
}

/**
 * What the environment sets, in rising order of precedence. As in the shell's defaults, an empty variable counts as
 * unset.
 * @param raw the configuration so far
 */
export function environmentSettings(raw: object, env: Environment, cwd: string): Setting[] {
  const given = (name: string) => variable(env, name) || undefined;
  const settings = [
    { path: ['store'], name: 'REDIS_URL', value: storeFrom(given('REDIS_URL'), cwd) },
    { path: ['store'], name: 'CACHE_URL', value: storeFrom(given('CACHE_URL'), cwd) },
    { path: ['logging_level'], name: 'LOGGING_LEVEL', value: given('LOGGING_LEVEL') },
    ...FLAGS.map(({ path, name }) => ({ path, name, value: flagOrText(given(name)) })),
    ...NUMBERS.map(({ path, name }) => ({ path, name, value: numberOrText(given(name)) })),
    { path: ['statistics_storage'], name: 'STATISTICS_STORAGE', value: given('STATISTICS_STORAGE') },
    ...sessionSettings(raw, given),
  ];
  return settings.filter(({ value }) => value !== undefined);
}

/** Settings whose variable is their own name in capitals. */
const named = (key: string) => ({ path: [key], name: key.toUpperCase() });
const FLAGS = [
  { path: ['metrics'], name: 'METRICS_ENABLED' },
  ...['statistics_enabled', 'log_cache_hits', 'log_cache_misses', 'log_ttl_info', 'log_timing_metrics'].map(
    named,
  ),
];
const NUMBERS = ['aggregate_log_interval', 'statistics_sample_size'].map(named);

/** Variables of this name are common: they count where sessions are asked for. */
function sessionSettings(raw: object, given: (name: string) => string | undefined): Setting[] {
  if (!isMapping(valueAt(raw, ['sessions']))) return [];
  return [
    { path: ['sessions', 'secrets'], name: 'SESSION_SECRET', value: listFrom(given('SESSION_SECRET')) },
    { path: ['sessions', 'mode'], name: 'SESSION_MODE', value: given('SESSION_MODE') },
    {
      path: ['sessions', 'idle_ttl_seconds'],
      name: 'SESSION_IDLE_TTL',
      value: numberOrText(given('SESSION_IDLE_TTL')),
    },
    {
      path: ['sessions', 'absolute_ttl_seconds'],
      name: 'SESSION_ABSOLUTE_TTL',
      value: numberOrText(given('SESSION_ABSOLUTE_TTL')),
    },
  ];
}

/**
 * A platform that has connected a KV service says so by its own variables: that is the store where nothing else is
 * named.
 */
export function withKvService(settings: readonly Setting[], raw: object, env: Environment): Setting[] {
  if ('store' in raw || settings.some(({ path }) => path[0] === 'store')) return [...settings];
  const name = KV_VARIABLES.find(({ url }) => variable(env, url))?.url;
  return name === undefined ? [...settings] : [...settings, { path: ['store'], name, value: 'kv-rest:' }];
}

export interface Placed {
  readonly tree: Record<string, unknown>;
  readonly sources: Map<string, Source>;
}

/** Puts settings into a configuration, the last of each path winning. Blocks that they lie in are there. */
export function placeSettings(raw: object, settings: readonly Setting[]): Placed {
  const tree: Record<string, unknown> = { ...raw };
  const sources = new Map<string, Source>();
  for (const { path, name, value } of settings) {
    place(tree, path, value);
    for (const each of pathsOf(path, value)) sources.set(formatPath(each), { names: [name] });
  }
  return { tree, sources };
}

function place(tree: Record<string, unknown>, [key, ...rest]: Path, value: unknown): void {
  const name = String(key);
  if (rest.length === 0) {
    tree[name] = value;
    return;
  }
  const block = tree[name];
  const copy: Record<string, unknown> = isMapping(block) ? { ...block } : {};
  place(copy, rest, value);
  tree[name] = copy;
}

function pathsOf(path: Path, value: unknown): Path[] {
  return Array.isArray(value) ? [path, ...value.map((_, index) => [...path, index])] : [path];
}

export function numberOrText(value: string | undefined): number | string | undefined {
  return value !== undefined && /^[0-9]{1,15}$/.test(value) ? Number(value) : value;
}

function flagOrText(value: string | undefined): boolean | string | undefined {
  return value === 'true' || value === 'false' ? value === 'true' : value;
}

function listFrom(value: string | undefined): string[] | undefined {
  return value?.split(',').map((each) => each.trim());
}

const LMDB = 'lmdb:';

/** A folder that is named outside of the file is meant from where the command runs. */
export function storeFrom(url: string | undefined, cwd: string): string | undefined {
  return url?.startsWith(LMDB) && url !== LMDB ? LMDB + resolve(cwd, url.slice(LMDB.length)) : url;
}
