import { extname, resolve } from 'node:path';
import { ConfigError, faultAt } from './fault.ts';
import { quote } from './found.ts';
import { importDefault } from './import-module.ts';
import { parseYaml } from './parse-yaml.ts';
import { isMapping } from './path.ts';
import { readText } from './read-file.ts';

const DATA = ['.yaml', '.yml', '.json'];
const CODE = ['.ts', '.mts', '.js', '.mjs'];

/** The kinds of file that hold a configuration. */
export const CONFIG_EXTENSIONS: readonly string[] = [...DATA, ...CODE];

/** Whether a configuration file is a module, which can hold functions. */
export function isCode(file: string): boolean {
  return CODE.includes(extname(file));
}

/**
 * Reads a configuration file as it is written: nothing is expanded or checked yet.
 * @throws ConfigError when it cannot be read or is no mapping.
 */
export async function readConfigFile(file: string, cwd: string): Promise<Record<string, unknown>> {
  const extension = extname(file);
  if (!CONFIG_EXTENSIONS.includes(extension)) {
    fail(file, `found the extension ${quote(extension)}`, CONFIG_EXTENSIONS.join(', '));
  }
  const path = resolve(cwd, file);
  const read = await readText(path);
  if ('reason' in read) fail(file, `cannot be read: ${read.reason}`, 'a readable configuration file');
  const value = isCode(file) ? await importConfig(path, file) : parseData(read.text, file);
  if (!isMapping(value)) fail(file, 'found no mapping', 'a mapping with at least services');
  return value;
}

function parseData(text: string, file: string): unknown {
  const parsed = parseYaml(text, file);
  if ('faults' in parsed) throw new ConfigError(parsed.faults);
  return parsed.value;
}

async function importConfig(path: string, file: string): Promise<unknown> {
  const imported = await importDefault(path);
  if ('reason' in imported) fail(file, `cannot be loaded: ${imported.reason}`, 'a module that loads');
  if (!isMapping(imported.value))
    fail(file, 'found no default export of a mapping', 'export default defineConfig({…})');
  return imported.value;
}

function fail(file: string, found: string, accepted: string): never {
  throw new ConfigError([faultAt(file, [], found, accepted)]);
}
