import { cp, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { runProgram } from './run-program.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const CONFIG = 'behaviour/test/support/gate-behaviour.yaml';
const CLI = 'node_modules/cachegate/dist/cli/main.js';

/**
 * Makes of a project with `web-gate.mjs` one that has what that asks for: the cases, what they need behind the gate, and
 * the gate's configuration as the installed command builds it, made one file as a platform does.
 */
export async function addWebGate(project: string): Promise<void> {
  const behaviour = join(project, 'behaviour');
  for (const folder of ['test/support', 'examples/wagtail-airtable']) {
    await mkdir(join(behaviour, folder), { recursive: true });
    await cp(join(ROOT, folder), join(behaviour, folder), { recursive: true });
  }
  const built = join(project, 'built.config.mjs');
  const args = [CLI, 'build', '--config', CONFIG, '--out', built];
  await runProgram(process.execPath, args, { cwd: project });
  await build({
    entryPoints: [built],
    outfile: join(project, 'gate.config.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'silent',
  });
}
