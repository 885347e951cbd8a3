import { type Environment, escapeReferences } from './environment.ts';
import {
  environmentSettings,
  numberOrText,
  placeSettings,
  type Setting,
  storeFrom,
  withKvService,
} from './environment-settings.ts';
import { type Fault, faultAt } from './fault.ts';
import { quote } from './found.ts';
import { entriesAt, formatPath, isMapping } from './path.ts';
import type { Sources } from './source.ts';

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
  const outside = [...environmentSettings(raw, env, cwd), ...commandSettings(overrides, cwd)];
  const settings = withKvService(outside, raw, env);
  const { services, unknown } = withOrigins(raw.services, overrides.origins ?? {});
  const { tree, sources } = placeSettings(raw, settings.map(asItStands));
  for (const service of Object.keys(overrides.origins ?? {})) {
    sources.set(formatPath(['services', service, 'origin']), { names: ['--origin'] });
  }
  return { raw: { ...tree, ...(services && { services }) }, sources, faults: unknown };
}

function servicesNamed(origins: Readonly<Record<string, string>>) {
  return { services: Object.fromEntries(Object.keys(origins).map((name) => [name, {}])) };
}

function commandSettings({ listen, store, mode, workers }: Overrides, cwd: string): Setting[] {
  const settings = [
    { path: ['store'], name: '--store', value: store === undefined ? undefined : storeFrom(store, cwd) },
    { path: ['listen'], name: '--listen', value: listen },
    { path: ['mode'], name: '--mode', value: mode },
    {
      path: ['workers'],
      name: '--workers',
      value: workers === undefined ? undefined : numberOrText(workers),
    },
  ];
  return settings.filter(({ value }) => value !== undefined);
}

/** A reference in it is the file's way of speaking, and nobody else's. */
function asItStands(setting: Setting): Setting {
  const { value } = setting;
  const escaped = (each: unknown) => (typeof each === 'string' ? escapeReferences(each) : each);
  return { ...setting, value: Array.isArray(value) ? value.map(escaped) : escaped(value) };
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
