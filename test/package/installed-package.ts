import { existsSync } from 'node:fs';
import {
  cp,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { runProgram } from './run-program.ts';

const PROJECT = resolve(import.meta.dirname, '../..');
// npm asks a registry for what its own cache does not hold.
const INSTALL_DEADLINE_MS = 180_000;
const QUIET = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts'];

/** The package as users get it: packed as it was built, and installed by npm into an empty project. */
export interface InstalledPackage {
  /** A new project that has it and what it depends on, and nothing else; answers the folder. */
  project(name: string, manifest?: object): Promise<string>;
  end(): Promise<void>;
}

/** Of what `npm run build` has made last. */
export async function installPackage(): Promise<InstalledPackage> {
  const folder = await mkdtemp(join(tmpdir(), 'cachegate-package-'));
  const first = join(folder, 'first');
  try {
    await mkdir(first);
    await writeFile(join(first, 'package.json'), '{"private":true}');
    const tarball = await pack(folder);
    await runProgram('npm', ['install', tarball, '--prefix', first, '--prefer-offline', ...QUIET], {
      cwd: first,
      deadlineMs: INSTALL_DEADLINE_MS,
    });
  } catch (error) {
    await rm(folder, { recursive: true });
    throw error;
  }
  return {
    async project(name, manifest = { type: 'module' }) {
      const project = join(folder, name);
      await linkTree(join(first, 'node_modules'), join(project, 'node_modules'));
      await writeFile(join(project, 'package.json'), JSON.stringify({ private: true, ...manifest }));
      return project;
    },
    end: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Its scripts left out: they would build anew, under the feet of other tests. */
async function pack(destination: string): Promise<string> {
  const args = ['pack', '--ignore-scripts', '--pack-destination', destination];
  await runProgram('npm', args, { cwd: PROJECT, deadlineMs: INSTALL_DEADLINE_MS });
  const [tarball] = (await readdir(destination)).filter((name) => name.endsWith('.tgz'));
  if (tarball === undefined) throw new Error('npm pack has left no tarball');
  return join(destination, tarball);
}

/** Copies packages from the project's own dependencies, each with all that it depends on. */
export async function addDependencies(project: string, names: readonly string[]): Promise<void> {
  const wanted = new Set(names);
  for (const name of wanted) {
    const source = join(PROJECT, 'node_modules', name);
    const target = join(project, 'node_modules', name);
    await rm(target, { recursive: true, force: true });
    await cp(source, target, { recursive: true });
    const { dependencies = {} } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8'));
    // What has a version of its own brings it along.
    for (const dependency of Object.keys(dependencies)) {
      if (!existsSync(join(source, 'node_modules', dependency))) wanted.add(dependency);
    }
  }
}

/** The same files under other names: a copy that takes no time. */
async function linkTree(source: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true });
  for (const entry of await readdir(source, { withFileTypes: true })) {
    const [from, to] = [join(source, entry.name), join(target, entry.name)];
    if (entry.isDirectory()) await linkTree(from, to);
    else if (entry.isSymbolicLink()) await symlink(await readlink(from), to);
    else await link(from, to);
  }
}
