import { resolve } from 'node:path';
import type { Source, Sources } from './draft.ts';
import { type Environment, escapeReferences, variable } from './environment.ts';
import { type Fault, faultAt } from './fault.ts';
import { quote } from './found.ts';
import { KV_VARIABLES } from './kv-service.ts';
import { entriesAt, formatPath, isMapping } from './path.ts';

/** What the command line sets; each replaces what the file and the environment say. */
export interface Overrides {
  readonly listen?: string | undefined;
  readonly store?: string | undefined;
  readonly mode?: string | undefined;
  /** `auto`, or a number as text. */
  readonly workers?: string | undefined;
  /** The origins of services, by name. Without a file they are all the services there are. */
  readonly origins?: Readonly<Record<string, string>> | undefined;
}

export interface Overridden {
  readonly raw: unknown;
  readonly sources: Sources;
  readonly faults: readonly Fault[];
}

/** Puts the environment's and the command line's own settings over a file's; `written` is null without a file. */
export function applyOverrides(
  written: unknown,
  env: Environment,
  overrides: Overrides,
  cwd: string,
): Overridden {
  const raw = written ?? servicesNamed(overrides.origins ?? {});
  if (!isMapping(raw)) return { raw, sources: new Map(), faults: [] };
  const settings = withKvService(settingsOf(env, overrides, cwd), raw, env);
  const { services, unknown } = withOrigins(raw.services, overrides.origins ?? {});
  const sources = new Map<string, Source>(settings.map(({ key, name }) => [key, { names: [name] }]));
  for (const service of Object.keys(overrides.origins ?? {})) {
    sources.set(formatPath(['services', service, 'origin']), { names: ['--origin'] });
  }
  const values = Object.fromEntries(
    settings.map(({ key, value }) => [key, typeof value === 'string' ? escapeReferences(value) : value]),
  );
  return { raw: { ...raw, ...values, ...(services && { services }) }, sources, faults: unknown };
}

function servicesNamed(origins: Readonly<Record<string, string>>) {
  return { services: Object.fromEntries(Object.keys(origins).map((name) => [name, {}])) };
}

interface Setting {
  readonly key: string;
  readonly name: string;
  readonly value: string | number;
}

/** In rising order of precedence. */
function settingsOf(env: Environment, overrides: Overrides, cwd: string): Setting[] {
  const { listen, store, mode, workers } = overrides;
  const settings = [
    // As in the shell's defaults, an empty variable counts as unset.
    { key: 'store', name: 'CACHE_URL', value: storeFrom(variable(env, 'CACHE_URL') || undefined, cwd) },
    { key: 'logging_level', name: 'LOGGING_LEVEL', value: variable(env, 'LOGGING_LEVEL') || undefined },
    { key: 'store', name: '--store', value: storeFrom(store, cwd) },
    { key: 'listen', name: '--listen', value: listen },
    { key: 'mode', name: '--mode', value: mode },
    { key: 'workers', name: '--workers', value: workers === undefined ? undefined : numberOrText(workers) },
  ];
  return settings.filter((setting): setting is Setting => setting.value !== undefined);
}

function numberOrText(value: string): number | string {
  return /^[0-9]{1,15}$/.test(value) ? Number(value) : value;
}

const LMDB = 'lmdb:';

/** A folder that is named outside of the file is meant from where the command runs. */
function storeFrom(url: string | undefined, cwd: string): string | undefined {
  return url?.startsWith(LMDB) && url !== LMDB ? LMDB + resolve(cwd, url.slice(LMDB.length)) : url;
}

/** A platform that has connected a KV service says so by its own variables: that is the store where nothing else is named. */
function withKvService(settings: Setting[], raw: object, env: Environment): Setting[] {
  if ('store' in raw || settings.some(({ key }) => key === 'store')) return settings;
  const name = KV_VARIABLES.find(({ url }) => variable(env, url))?.url;
  return name === undefined ? settings : [...settings, { key: 'store', name, value: 'kv-rest:' }];
}

interface Services {
  /** Undefined when nothing in them changes. */
  readonly services: Record<string, unknown> | undefined;
  readonly unknown: readonly Fault[];
}

function withOrigins(written: unknown, origins: Readonly<Record<string, string>>): Services {
  const services = new Map(entriesAt(written, []));
  const unknown: Fault[] = [];
  for (const [name, origin] of Object.entries(origins)) {
    const service = services.get(name);
    if (isMapping(service)) services.set(name, { ...service, origin: escapeReferences(origin) });
    else unknown.push(unknownService(name, [...services.keys()]));
  }
  const changed = Object.keys(origins).length > unknown.length;
  return { services: changed ? Object.fromEntries(services) : undefined, unknown };
}

function unknownService(name: string, known: readonly string[]): Fault {
  const accepted = known.length > 0 ? known.join(', ') : 'the name of a service in the file';
  return faultAt('', ['--origin'], `found no service ${quote(name)}`, accepted);
}
