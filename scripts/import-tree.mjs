// @ts-check
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { build } from 'esbuild';
import { PROJECT } from './prepare.mjs';

/**
 * What importing a subpath of the package loads, read from the sources: rooms of `src/` and packages, of these the ones
 * that are imported by a static `import`, and others that are loaded when they are used.
 *
 * @typedef {object} ImportTree
 * @property {string} subpath `cachegate/web`
 * @property {string} entry `src/frameworks/web.ts`
 * @property {Map<string, { path: string, packages: string[] }[]>} rooms the files of each that are loaded at once, with
 *   the packages that they import; root files stand together
 * @property {string[]} packages imported at once
 * @property {string[]} later loaded when something that needs them is used
 */

const ROOT_FILES = '(root files)';

/** @returns {{ subpath: string, entry: string, built: string }[]} the subpaths of package.json that are modules */
export function subpaths() {
  const { name, exports } = JSON.parse(readFileSync(resolve(PROJECT, 'package.json'), 'utf8'));
  return Object.entries(exports).flatMap(([key, target]) => {
    if (typeof target === 'string') return [];
    const entry = target.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts');
    return [{ subpath: key.replace('.', name), entry, built: target.default }];
  });
}

/** @returns {Promise<ImportTree[]>} */
export async function readImportTrees() {
  const all = subpaths();
  const { metafile } = await build({
    absWorkingDir: PROJECT,
    entryPoints: all.map(({ entry }) => entry),
    outdir: 'dist',
    write: false,
    metafile: true,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'silent',
  });
  return all.map(({ subpath, entry }) => ({ subpath, entry, ...treeOf(entry, metafile.inputs) }));
}

/**
 * @param {string} entry
 * @param {import('esbuild').Metafile['inputs']} inputs
 */
function treeOf(entry, inputs) {
  const now = reach([entry], inputs);
  const all = reach([entry], inputs, { dynamic: true });
  /** @type {ImportTree['rooms']} */
  const rooms = new Map();
  for (const path of [...now.files].sort()) {
    const room = path.split('/').slice(1, -1)[0] ?? ROOT_FILES;
    rooms.set(room, [...(rooms.get(room) ?? []), { path, packages: packagesOf(path, inputs) }]);
  }
  const packages = [...now.packages].sort();
  return {
    rooms: new Map([...rooms].sort()),
    packages,
    later: [...all.packages].filter((name) => !now.packages.has(name)).sort(),
  };
}

/**
 * @param {string[]} from
 * @param {import('esbuild').Metafile['inputs']} inputs
 * @param {{ dynamic?: boolean }} [kinds] whether `import()` counts
 */
function reach(from, inputs, { dynamic = false } = {}) {
  const files = new Set(from);
  const packages = new Set();
  for (const file of files) {
    for (const { path, kind, external } of inputs[file]?.imports ?? []) {
      if (kind === 'dynamic-import' && !dynamic) continue;
      if (!external) files.add(path);
      else if (!path.startsWith('node:')) packages.add(packageOf(path));
    }
  }
  return { files, packages };
}

/**
 * @param {string} file
 * @param {import('esbuild').Metafile['inputs']} inputs
 */
function packagesOf(file, inputs) {
  const imports = inputs[file]?.imports ?? [];
  const packages = imports.filter(({ external, kind }) => external && kind !== 'dynamic-import');
  return packages.map(({ path }) => packageOf(path)).filter((name) => !name.startsWith('node:'));
}

/** @param {string} specifier */
function packageOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
