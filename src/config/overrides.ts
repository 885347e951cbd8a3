import type { Source, Sources } from './draft.ts';
import { type Environment, escapeReferences, variable } from './environment.ts';
import { type Fault, faultAt } from './fault.ts';
import { quote } from './found.ts';
import { entriesAt, formatPath, isMapping } from './path.ts';

/** What the command line sets; each replaces what the file and the environment say. */
export interface Overrides {
  readonly listen?: string | undefined;
  readonly store?: string | undefined;
  readonly mode?: string | undefined;
  /** The origins of services, by name. Without a file they are all the services there are. */
  readonly origins?: Readonly<Record<string, string>> | undefined;
}

export interface Overridden {
  readonly raw: unknown;
  readonly sources: Sources;
  readonly faults: readonly Fault[];
}

/** Puts the environment's and the command line's own settings over a file's; `written` is null without a file. */
export function applyOverrides(written: unknown, env: Environment, overrides: Overrides): Overridden {
  const raw = written ?? servicesNamed(overrides.origins ?? {});
  if (!isMapping(raw)) return { raw, sources: new Map(), faults: [] };
  const settings = settingsOf(env, overrides);
  const { services, unknown } = withOrigins(raw.services, overrides.origins ?? {});
  const sources = new Map<string, Source>(settings.map(({ key, name }) => [key, { names: [name] }]));
  for (const service of Object.keys(overrides.origins ?? {})) {
    sources.set(formatPath(['services', service, 'origin']), { names: ['--origin'] });
  }
  const values = Object.fromEntries(settings.map(({ key, value }) => [key, escapeReferences(value)]));
  return { raw: { ...raw, ...values, ...(services && { services }) }, sources, faults: unknown };
}

function servicesNamed(origins: Readonly<Record<string, string>>) {
  return { services: Object.fromEntries(Object.keys(origins).map((name) => [name, {}])) };
}

interface Setting {
  readonly key: string;
  readonly name: string;
  readonly value: string;
}

/** In rising order of precedence. */
function settingsOf(env: Environment, { listen, store, mode }: Overrides): Setting[] {
  const settings = [
    // As in the shell's defaults, an empty variable counts as unset.
    { key: 'store', name: 'CACHE_URL', value: variable(env, 'CACHE_URL') || undefined },
    { key: 'logging_level', name: 'LOGGING_LEVEL', value: variable(env, 'LOGGING_LEVEL') || undefined },
    { key: 'store', name: '--store', value: store },
    { key: 'listen', name: '--listen', value: listen },
    { key: 'mode', name: '--mode', value: mode },
  ];
  return settings.filter((setting): setting is Setting => setting.value !== undefined);
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
