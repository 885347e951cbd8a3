import { resolve } from 'node:path';
import { type Environment, variable } from './environment.ts';
import { KV_VARIABLES } from './kv-service.ts';
import { formatPath, isMapping, type Path, valueAt } from './path.ts';
import type { Source } from './source.ts';

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
  return readingsFor(raw).flatMap(({ path, name, read }) => {
    const text = variable(env, name) || undefined;
    return text === undefined ? [] : [{ path, name, value: read(text, cwd) }];
  });
}

/** The variables that can set something, each with the path of what it sets. */
export function settingVariables(raw: object): Omit<Setting, 'value'>[] {
  return readingsFor(raw).map(({ path, name }) => ({ path, name }));
}

interface Reading {
  readonly path: Path;
  readonly name: string;
  readonly read: (text: string, cwd: string) => unknown;
}

function readingsFor(raw: object): readonly Reading[] {
  return isMapping(valueAt(raw, ['sessions'])) ? [...READINGS, ...READINGS_OF_SESSIONS] : READINGS;
}

const asText = (text: string) => text;
/** Its variable is its own name in capitals. */
const named = (key: string, read: Reading['read']) => ({ path: [key], name: key.toUpperCase(), read });

const READINGS: readonly Reading[] = [
  { path: ['store'], name: 'REDIS_URL', read: storeFrom },
  { path: ['store'], name: 'CACHE_URL', read: storeFrom },
  named('logging_level', asText),
  { path: ['metrics'], name: 'METRICS_ENABLED', read: flagOrText },
  ...['statistics_enabled', 'log_cache_hits', 'log_cache_misses', 'log_ttl_info', 'log_timing_metrics'].map(
    (key) => named(key, flagOrText),
  ),
  ...['aggregate_log_interval', 'statistics_sample_size'].map((key) => named(key, numberOrText)),
  named('statistics_storage', asText),
];

/** Variables of these names are common: they count where sessions are asked for. */
const READINGS_OF_SESSIONS: readonly Reading[] = [
  { path: ['sessions', 'secrets'], name: 'SESSION_SECRET', read: listFrom },
  { path: ['sessions', 'mode'], name: 'SESSION_MODE', read: asText },
  { path: ['sessions', 'idle_ttl_seconds'], name: 'SESSION_IDLE_TTL', read: numberOrText },
  { path: ['sessions', 'absolute_ttl_seconds'], name: 'SESSION_ABSOLUTE_TTL', read: numberOrText },
];

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

export function numberOrText(value: string): number | string {
  return /^[0-9]{1,15}$/.test(value) ? Number(value) : value;
}

function flagOrText(value: string): boolean | string {
  return value === 'true' || value === 'false' ? value === 'true' : value;
}

function listFrom(value: string): string[] {
  return value.split(',').map((each) => each.trim());
}

const LMDB = 'lmdb:';

/** A folder that is named outside of the file is meant from where the command runs. */
export function storeFrom(url: string, cwd: string): string {
  return url.startsWith(LMDB) && url !== LMDB ? LMDB + resolve(cwd, url.slice(LMDB.length)) : url;
}
