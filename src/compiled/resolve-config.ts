import { conflictFaults } from '../config/conflicts.ts';
import { type Environment, expandText, variable } from '../config/environment.ts';
import {
  environmentSettings,
  placeSettings,
  type Setting,
  withKvService,
} from '../config/environment-settings.ts';
import { ConfigError, type Fault, faultAt, notYetAmong } from '../config/fault.ts';
import { KV_VARIABLES, kvServiceFaults } from '../config/kv-service.ts';
import { formatPath, type Path, valueAt } from '../config/path.ts';
import { withValues } from '../config/placed-values.ts';
import { reread } from '../config/reread.ts';
import type { Config } from '../config/schema.ts';
import type { Source } from '../config/source.ts';
import { isFunctionStore, readForm } from '../config/text-forms.ts';
import { lackingFault, sourceOf, unfitFault } from '../config/value-faults.ts';
import type { Transform } from '../gateway/transform.ts';
import { COMPILED_FORMAT, type CompiledConfig, type CompiledVariable } from './compiled-config.ts';
import { fits } from './fits.ts';

/**
 * A compiled configuration with the environment's values in place, checked as they are where a file is read; for that it
 * loads no schema.
 * @throws ConfigError (`ERR_CONFIG_INVALID`) with every fault there is.
 */
export function resolveConfig(compiled: CompiledConfig, env: Environment): Config {
  requireFormat(compiled);
  const { config, written, variables } = compiled;
  const settings = settingsIn(env, compiled);
  const values = valuesIn(
    env,
    variables.filter(({ optional, path }) => !optional && !isSet(path, settings)),
  );
  const { tree, sources } = placeSettings(written ?? {}, settings);
  for (const [path, source] of values.sources) sources.set(path, source);
  const whole = withValues(tree, values.found);
  const first = [
    ...values.faults,
    ...settings.flatMap((setting) => settingFaults(setting, variables)),
    ...kvServiceFaults(valueAt(whole, ['store']), env),
  ];
  const faults = [...first, ...notYetAmong(first, conflictFaults(whole, sources))];
  if (faults.length > 0) throw new ConfigError(faults);
  const placed = withValues(placeSettings(config, settings).tree, values.read);
  return withTransforms(placed as unknown as Config, compiled.transforms);
}

function requireFormat(compiled: CompiledConfig): void {
  const format: unknown = valueAt(compiled, ['format']);
  if (format === COMPILED_FORMAT) return;
  const found = format === undefined ? 'found something else' : `found the format ${String(format)}`;
  const accepted = `what \`cachegate build\` of this version writes (format ${COMPILED_FORMAT})`;
  throw new ConfigError([faultAt('the compiled configuration', [], found, accepted)]);
}

/** What is set over the configuration, as far as it was compiled in. */
function settingsIn(env: Environment, { config, written, variables }: CompiledConfig): Setting[] {
  const raw = { ...(namesStore(variables) && { store: null }), ...(written ?? config) };
  const set = environmentSettings(raw, env, '').filter((setting) => !isOfSameDatabase(setting, env));
  const all = withKvService(set, raw, env);
  return lastOfEach(all.filter((setting) => settingOf(setting.path, variables) !== undefined));
}

function namesStore(variables: readonly CompiledVariable[]): boolean {
  return variables.some(({ path, optional }) => path[0] === 'store' && !optional);
}

/** A platform that connects a KV service names its database by `REDIS_URL` too, for those who can connect to it. */
function isOfSameDatabase({ name, value }: Setting, env: Environment): boolean {
  if (name !== 'REDIS_URL' || isFunctionStore(String(value))) return false;
  return KV_VARIABLES.some(({ url }) => variable(env, url));
}

function lastOfEach(settings: readonly Setting[]): Setting[] {
  return [...new Map(settings.map((setting) => [formatPath(setting.path), setting])).values()];
}

function settingOf(path: Path, variables: readonly CompiledVariable[]): CompiledVariable | undefined {
  const wanted = formatPath(path);
  return variables.find((variable) => variable.optional && formatPath(variable.path) === wanted);
}

/** Whether a setting takes the place of what a path leads to. */
function isSet(path: Path, settings: readonly Setting[]): boolean {
  return settings.some((setting) => setting.path.every((key, index) => key === path[index]));
}

function settingFaults({ path, name, value }: Setting, variables: readonly CompiledVariable[]): Fault[] {
  const { secret, each, ...acceptable } = settingOf(path, variables)!;
  const source = { names: [name] };
  const unfit = Array.isArray(value) && each !== undefined ? value.map((entry) => !fits(entry, each)) : [];
  const ofEntries = unfit.flatMap((isUnfit, index) =>
    isUnfit
      ? [unfitFault((value as unknown[])[index], { path: [...path, index], source, secret, ...pick(each!) })]
      : [],
  );
  if (fits(value, acceptable)) return ofEntries;
  return [...ofEntries, unfitFault(value, { path, source, secret, ...pick(acceptable) })];
}

const pick = ({ accepted, fallback }: { accepted?: string; fallback?: string }) => ({ accepted, fallback });

interface Values {
  /** What stands at each path, as it was found; nothing where a variable lacks. */
  readonly found: readonly (readonly [Path, unknown])[];
  /** The same as they are kept. */
  readonly read: readonly (readonly [Path, unknown])[];
  readonly sources: ReadonlyMap<string, Source>;
  readonly faults: readonly Fault[];
}

function valuesIn(env: Environment, variables: readonly CompiledVariable[]): Values {
  const found: [Path, unknown][] = [];
  const read: [Path, unknown][] = [];
  const sources = new Map<string, Source>();
  const faults: Fault[] = [];
  for (const variable of variables) {
    const { path, text, kind, form, secret, accepted } = variable;
    const { references, whole, text: expanded } = expandText(text, env);
    const lacking = references.filter(({ from }) => from === 'unset' || from === 'empty');
    faults.push(...lacking.map((reference) => lackingFault(reference, path, accepted)));
    if (lacking.length > 0) continue;
    const value = whole && kind !== 'list' ? reread(expanded, kind) : expanded;
    const source = sourceOf(references, whole);
    sources.set(formatPath(path), source);
    if (!fits(value, variable)) faults.push(unfitFault(value, { path, source, secret, ...pick(variable) }));
    found.push([path, value]);
    read.push([path, form !== undefined && typeof value === 'string' ? readForm(form, value) : value]);
  }
  return { found, read, sources, faults };
}

/** The code of services in its place. */
function withTransforms(config: Config, transforms: CompiledConfig['transforms']): Config {
  const services = Object.entries(config.services).map(([name, service]) => {
    const code = Object.hasOwn(transforms, name) ? (transforms[name] as Transform) : undefined;
    if (code === undefined) return [name, service] as const;
    const bound = { request: code.request?.bind(code), response: code.response?.bind(code) };
    return [name, { ...service, transform: { options: {}, ...service.transform, ...bound } }] as const;
  });
  return { ...config, services: Object.fromEntries(services) };
}
