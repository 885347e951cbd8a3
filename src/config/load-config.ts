import { dirname, resolve } from 'node:path';
import { adminConflicts } from './admin-conflicts.ts';
import { readConfigFile } from './config-file.ts';
import { conflictFaults } from './conflicts.ts';
import { expandDraft } from './draft.ts';
import type { Environment } from './environment.ts';
import { ConfigError, notYetAmong } from './fault.ts';
import { kvServiceFaults } from './kv-service.ts';
import { readNamedFiles, withNamedFiles } from './named-files.ts';
import { applyOverrides, type Overrides } from './overrides.ts';
import { valueAt } from './path.ts';
import { type Config, configSchema } from './schema.ts';
import { schemaFaults } from './schema-faults.ts';

export interface LoadOptions {
  /** The configuration file; without one, `overrides.origins` are the services. */
  readonly file?: string | undefined;
  /** Where a relative `file` starts. Names in the file are relative to the file. */
  readonly cwd: string;
  readonly env: Environment;
  readonly overrides?: Overrides | undefined;
}

/**
 * Reads a configuration and checks all of it; opens and starts nothing.
 * @throws ConfigError (`ERR_CONFIG_INVALID`) with every fault there is.
 */
export async function loadConfig({ file, cwd, env, overrides = {} }: LoadOptions): Promise<Config> {
  const written = file === undefined ? null : await readConfigFile(file, cwd);
  const directory = file === undefined ? cwd : dirname(resolve(cwd, file));
  const { raw, sources, faults } = applyOverrides(written, env, overrides, cwd);
  const draft = expandDraft(raw, env, sources);
  const parsed = configSchema.safeParse(draft.tree);
  const files = await readNamedFiles(draft.tree, directory);
  const first = [
    ...faults,
    ...draft.faults,
    ...(parsed.success ? [] : schemaFaults(parsed.error.issues, draft, configSchema)),
    ...kvServiceFaults(valueAt(draft.tree, ['store']), env),
  ];
  const conflicts = [...adminConflicts(draft.tree), ...conflictFaults(draft.tree, draft.sources)];
  const all = [...first, ...notYetAmong(first, [...conflicts, ...files.faults])];
  // A text that could not be expanded is absent from the tree, which the schema alone may find acceptable.
  if (all.length > 0 || !parsed.success) throw new ConfigError(all);
  return withNamedFiles(parsed.data, files, directory);
}
