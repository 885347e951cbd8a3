import { dirname, resolve } from 'node:path';
import { COMPILED_FORMAT, type CompiledConfig, type CompiledVariable } from '../compiled/compiled-config.ts';
import { standInAt } from './acceptable.ts';
import { adminConflicts } from './admin-conflicts.ts';
import { compiledSettings, compiledVariable } from './compiled-variables.ts';
import { isCode, readConfigFile } from './config-file.ts';
import { conflictFaults } from './conflicts.ts';
import { type Draft, expandDraft } from './draft.ts';
import { ConfigError, type Fault, notYetAmong } from './fault.ts';
import { type FileReference, fileReferences } from './file-references.ts';
import { functionFaults } from './function-faults.ts';
import { readNamedFiles } from './named-files.ts';
import { entriesAt, formatPath, isMapping, type Path, valueAt } from './path.ts';
import { withoutValues, withValues } from './placed-values.ts';
import { type Config, configSchema } from './schema.ts';
import { schemaFaults } from './schema-faults.ts';
import type { Source } from './source.ts';

export interface CompileOptions {
  /** The configuration file. Names in it are relative to it. */
  readonly file: string;
  /** Where a relative `file` starts. */
  readonly cwd: string;
}

/** A configuration that is to be written down. */
export interface Compilation {
  readonly compiled: Omit<CompiledConfig, 'transforms' | 'config'> & { readonly config: Config };
  /** The files of the services' transforms, absolute, by service. */
  readonly modules: Readonly<Record<string, string>>;
}

/**
 * Checks a configuration for a function. All of it is checked as where it is served, but what comes from the environment:
 * that need not be set here, is read nowhere, and is checked where the function runs.
 * @throws ConfigError (`ERR_CONFIG_INVALID`) with every fault there is.
 */
export async function compileConfig({ file, cwd }: CompileOptions): Promise<Compilation> {
  const raw = isCode(file)
    ? await withoutEnvironment(() => readConfigFile(file, cwd))
    : await readConfigFile(file, cwd);
  const directory = dirname(resolve(cwd, file));
  const references = fileReferences(raw);
  const ofFunction = references.filter(hasEffect);
  const draft = draftOf(raw, references, 'first');
  const parsed = configSchema.safeParse(draft.tree);
  const files = await readNamedFiles(forFunction(draft.tree), directory);
  const first = firstOfEach([
    ...draft.faults,
    ...functionFaults(forFunction(raw), ofFunction),
    ...(parsed.success ? [] : schemaFaults(parsed.error.issues, draft, configSchema)),
  ]);
  const others = draftOf(raw, references, 'last');
  const all = [...first, ...notYetAmong(first, [...conflictsOfBoth(draft, others), ...files.faults])];
  if (all.length > 0 || !parsed.success) throw new ConfigError(all);
  const written = forFunction(draft.tree);
  const config = configSchema.parse(written);
  return {
    compiled: compiledFrom(config, written, [
      ...ofFunction.map(compiledVariable),
      ...compiledSettings(raw).filter(hasEffect),
    ]),
    modules: modulesOf(config, directory),
  };
}

/** What is a server's: one file can be for both. */
const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  ...['$schema', 'listen', 'tls', 'workers', 'admin_listen', 'admin_token'],
  ...['store_tls', 'disk_limit_mib', 'metrics', 'warm'],
]);

const isUpgrade = (path: Path) => path[0] === 'services' && path[2] === 'upgrade';
const hasEffect = ({ path }: { readonly path: Path }) =>
  !WITHOUT_EFFECT.has(String(path[0])) && !isUpgrade(path);

function forFunction(tree: unknown): Record<string, unknown> {
  if (!isMapping(tree)) return {};
  const kept = Object.fromEntries(Object.entries(tree).filter(([key]) => !WITHOUT_EFFECT.has(key)));
  const upgrades = entriesAt(tree, ['services']).map(([name]) => ['services', name, 'upgrade']);
  return withoutValues(kept, upgrades) as Record<string, unknown>;
}

/** The file with its variables unset: where one has no default, something that is accepted there. */
function draftOf(raw: unknown, references: readonly FileReference[], which: 'first' | 'last'): Draft {
  const sources = new Map<string, Source>();
  const lacking = references.filter(({ mayLack }) => !mayLack);
  const values = lacking.map(({ path, references: found }, index) => {
    sources.set(formatPath(path), { names: [...new Set(found.map(({ name }) => name))] });
    const number = which === 'first' ? index : index + references.length;
    return [path, standInAt(path, which, number + 1)] as const;
  });
  return expandDraft(withValues(raw, values), {}, sources);
}

/** What a variable may yet mend is said where it runs. */
function conflictsOfBoth(draft: Draft, other: Draft): Fault[] {
  const paths = new Set(conflictsOf({ ...other, tree: withSecrets(other.tree) }).map(({ path }) => path));
  return conflictsOf(draft).filter(({ path }) => paths.has(path));
}

function conflictsOf({ tree, sources }: Draft): Fault[] {
  return [...adminConflicts(tree), ...conflictFaults(tree, sources)];
}

/** Sessions may have theirs from the environment, where no reference in the file says so. */
function withSecrets(tree: unknown): unknown {
  const path = ['sessions', 'secrets'];
  if (!isMapping(valueAt(tree, ['sessions'])) || valueAt(tree, path) !== undefined) return tree;
  return withValues(tree, [[path, []]]);
}

function firstOfEach(faults: readonly Fault[]): Fault[] {
  const byPlace = new Map<string, Fault>();
  for (const fault of faults) if (!byPlace.has(fault.path)) byPlace.set(fault.path, fault);
  return [...byPlace.values()];
}

function compiledFrom(
  config: Config,
  written: Record<string, unknown>,
  variables: readonly CompiledVariable[],
): Compilation['compiled'] {
  const paths = variables.filter(({ optional }) => !optional).map(({ path }) => path);
  const bare = withoutValues(config, paths) as Config;
  return {
    format: COMPILED_FORMAT,
    config: bare,
    written: withoutValues(written, paths) as Record<string, unknown>,
    variables,
  };
}

function modulesOf(config: Config, directory: string): Record<string, string> {
  const found = Object.entries(config.services).flatMap(([name, { transform }]) =>
    transform?.module === undefined ? [] : [[name, resolve(directory, transform.module)]],
  );
  return Object.fromEntries(found);
}

/** Code that reads a variable by itself would bring its value along. */
async function withoutEnvironment<Result>(read: () => Promise<Result>): Promise<Result> {
  const kept = { ...process.env };
  for (const name of Object.keys(kept)) delete process.env[name];
  try {
    return await read();
  } finally {
    Object.assign(process.env, kept);
  }
}
