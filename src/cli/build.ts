import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import { Command } from 'commander';
import type { Compilation } from '../config/compile-config.ts';
import type { CompiledModule } from '../config/compiled-module.ts';
import { ConfigError, faultAt } from '../config/fault.ts';
import { quote } from '../config/found.ts';
import { type BuiltVariable, variablesOf } from './built-variables.ts';
import { CommandFailure } from './command-failure.ts';
import { print, printJson } from './print.ts';

interface BuildOptions {
  readonly config: string;
  readonly out: string;
  readonly check?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
The configuration is checked as check does it, but no variable has to be set: those are read, and checked, where the
function runs. No value of this environment is written into the module.

Examples:
  $ cachegate build --config cachegate.yaml --out gate.config.mjs
  $ cachegate build --config cachegate.yaml --out gate.config.mjs --check
  $ cachegate build --config cachegate.yaml --out app/gate.config.ts --json
`;

export function buildCommand(): Command {
  return new Command('build')
    .description('make a module of a configuration file, for a function of a platform')
    .requiredOption('--config <file>', 'the configuration file')
    .requiredOption('--out <file>', 'the module to write: .mjs, .js, .ts or .mts')
    .option('--check', 'write nothing, and fail unless the module is there as it would be written')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(build);
}

async function build({ config: file, out, check, json }: BuildOptions): Promise<void> {
  // Loaded here, so that other commands do not wait for it.
  const { compileConfig } = await import('../config/compile-config.ts');
  const { compiledModule, MODULE_EXTENSIONS } = await import('../config/compiled-module.ts');
  requireExtension(out, MODULE_EXTENSIONS);
  const cwd = process.cwd();
  try {
    const compilation = await compileConfig({ file, cwd });
    const path = resolve(cwd, out);
    const source = resolve(cwd, file);
    const files = filesOf(compiledModule(compilation, path, source), path);
    requireOthers(files, [source, ...Object.values(compilation.modules)], out);
    await (check ? requireSame(files, { file, out }) : write(files, out));
    const variables = variablesOf(compilation.compiled.variables);
    if (json) printJson({ file, out, ok: true, services: servicesOf(compilation), variables });
    else print(report(compilation, variables, check ? `${out}: up to date` : `${out}: written`));
  } catch (error) {
    if (json && error instanceof ConfigError) printJson({ file, out, ok: false, faults: error.faults });
    throw error;
  }
}

function requireExtension(out: string, extensions: readonly string[]): void {
  const extension = extname(out);
  if (extensions.includes(extension)) return;
  throw new ConfigError([
    faultAt('', ['--out'], `found the extension ${quote(extension)}`, extensions.join(', ')),
  ]);
}

interface OutFile {
  readonly path: string;
  readonly text: string;
}

function filesOf({ text, declaration }: CompiledModule, path: string): OutFile[] {
  const beside = declaration && { path: resolve(dirname(path), declaration.name), text: declaration.text };
  return [{ path, text }, ...(beside === null ? [] : [beside])];
}

/** What is built of is not built over. */
function requireOthers(files: readonly OutFile[], sources: readonly string[], out: string): void {
  const own = files.find(({ path }) => sources.includes(path));
  if (own === undefined) return;
  const found = `found ${quote(out)}, which would take the place of ${quote(basename(own.path))}`;
  throw new ConfigError([faultAt('', ['--out'], found, 'a file that the configuration is not made of')]);
}

async function write(files: readonly OutFile[], out: string): Promise<void> {
  for (const { path, text } of files) {
    try {
      await writeFile(path, text);
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? String(error);
      throw new CommandFailure(`${out} can't be written: ${reason}; name a file in a folder that is there`);
    }
  }
}

/** What is deployed is what was built of the file as it is now. */
async function requireSame(
  files: readonly OutFile[],
  { file, out }: { file: string; out: string },
): Promise<void> {
  for (const { path, text } of files) {
    const found = await readFile(path, 'utf8').catch(() => null);
    if (found === text) continue;
    const state = found === null ? 'is not there' : `is not what ${file} comes to`;
    throw new CommandFailure(`${out} ${state}; next: cachegate build --config ${file} --out ${out}`);
  }
}

function servicesOf({ compiled }: Compilation): string[] {
  return Object.keys(compiled.config.services);
}

function report(compilation: Compilation, variables: readonly BuiltVariable[], outcome: string): string {
  const count = servicesOf(compilation).length;
  const named = (isNeeded: boolean) =>
    variables.filter(({ needed }) => needed === isNeeded).map(({ name }) => name);
  const [needed, others] = [named(true), named(false)];
  return [
    `${outcome} (${count} ${count === 1 ? 'service' : 'services'})`,
    ...(needed.length === 0 ? [] : [`  needed where it runs: ${needed.join(', ')}`]),
    `  may be set there: ${others.join(', ')}`,
    ...typeScriptOf(compilation).map(
      (name) => `  ${name} is TypeScript: whatever deploys it has to bundle it, or strip its types`,
    ),
  ].join('\n');
}

function typeScriptOf({ modules }: Compilation): string[] {
  const files = Object.values(modules).filter((file) => /\.[cm]?tsx?$/.test(file));
  return [...new Set(files.map((file) => file.split(/[\\/]/).at(-1)!))];
}
