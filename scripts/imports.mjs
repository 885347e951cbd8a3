// @ts-check
// `npm run imports`: prints what each subpath of the package imports, and writes it into docs/imports.md.
// `-- --measure` measures too, in fresh processes of the built package; `-- --check` only says whether the trees are
// still those of the document; `-- NAME` prints one subpath's with all its files.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureImports } from '../bench/import-times.mjs';
import { describeMachine } from '../bench/tools.mjs';
import { readImportTrees } from './import-tree.mjs';
import { main, PROJECT, Stop } from './prepare.mjs';

const DOCUMENT = join(PROJECT, 'docs', 'imports.md');
const LOADED = join(PROJECT, 'scripts', 'loaded-packages.mjs');
const ROUNDS = 20;

await main(async () => {
  const options = { check: { type: 'boolean' }, measure: { type: 'boolean' } };
  const { values, positionals } = parseArgs({
    options: /** @type {const} */ (options),
    allowPositionals: true,
  });
  const trees = await readImportTrees();
  const drawn = trees.map(drawTree).join('\n\n');
  const document = readFileSync(DOCUMENT, 'utf8');
  if (values.check) return check(document, drawn);
  if (positionals.length > 0) return show(trees, positionals);
  console.log(drawn);
  let written = replaced(document, 'trees', `\`\`\`text\n${drawn}\n\`\`\``);
  if (values.measure) {
    const table = await measure(trees.map(({ subpath }) => subpath));
    console.log(`\n${table}`);
    written = replaced(written, 'measured', table);
  }
  writeFileSync(DOCUMENT, written);
  return 0;
});

/** @param {string} document @param {string} drawn */
function check(document, drawn) {
  // How many files a room has changes all the time.
  const shape = (/** @type {string} */ text) => text.replace(/\(\d+\)/g, '');
  if (shape(document).includes(shape(drawn))) return 0;
  throw new Stop('docs/imports.md shows other imports than there are; `npm run imports` writes it anew.');
}

/** @param {import('./import-tree.mjs').ImportTree[]} trees @param {string[]} names */
function show(trees, names) {
  for (const name of names) {
    const tree = trees.find(({ subpath }) => subpath === name);
    if (tree === undefined) {
      throw new Stop(`${name}: accepted are ${trees.map(({ subpath }) => subpath).join(', ')}`);
    }
    console.log(drawTree(tree));
    for (const files of tree.rooms.values()) console.log(files.map(({ path }) => path).join('\n'));
  }
  return 0;
}

/** @param {import('./import-tree.mjs').ImportTree} tree */
function drawTree({ subpath, rooms, later }) {
  const lines = [...rooms].map(([room, files]) => {
    const packages = [...new Set(files.flatMap((file) => file.packages))].sort();
    return `${room} (${files.length})${packages.length > 0 ? `: ${packages.join(', ')}` : ''}`;
  });
  if (later.length > 0) lines.push(`when used: ${later.join(', ')}`);
  return [subpath, ...lines.map((line, i) => `${i < lines.length - 1 ? '├─' : '└─'} ${line}`)].join('\n');
}

/** @param {string} document @param {string} name of the part @param {string} text */
function replaced(document, name, text) {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from === -1 || to < from) throw new Stop(`docs/imports.md has no part between ${begin} and ${end}`);
  return `${document.slice(0, from + begin.length)}\n\n${text}\n\n${document.slice(to)}`;
}

/** @param {string[]} names */
async function measure(names) {
  const { processor, node } = describeMachine();
  const times = await measureImports(names, { rounds: ROUNDS });
  const rows = names.map((name, i) => {
    const { own, packages } = loadedBy(name);
    const sizes = [own.files, kib(own.bytes), packages.files, kib(packages.bytes)];
    const { ms, rss, heap } = times[i];
    return [`\`${name}\``, ...sizes, ms.toFixed(0), mib(rss), mib(heap)];
  });
  const head = [
    ...['', 'own files', 'KiB', 'files of packages', 'KiB'],
    ...['ms', 'memory of the process, MiB', 'heap, MiB'],
  ];
  const table = [head, head.map((_, i) => (i === 0 ? '---' : '---:')), ...rows];
  const how = `${processor}; Node ${node}. Medians of ${ROUNDS} fresh processes each, all in turn.`;
  return `${how}\n\n${table.map((line) => `| ${line.join(' | ')} |`).join('\n')}`;
}

/** Files and bytes of scripts that importing it loads. */
function loadedBy(/** @type {string} */ name) {
  const loaded = JSON.parse(
    execFileSync(process.execPath, [LOADED, name], { cwd: PROJECT, encoding: 'utf8' }),
  );
  const { '.': own, ...packages } = loaded;
  const sum = (/** @type {'files' | 'bytes'} */ what) =>
    Object.values(packages).reduce((total, each) => total + each[what], 0);
  return { own, packages: { files: sum('files'), bytes: sum('bytes') } };
}

/** @param {number} bytes */
function kib(bytes) {
  return (bytes / 1024).toFixed(0);
}

/** @param {number} bytes */
function mib(bytes) {
  return (bytes / 1024 / 1024).toFixed(1);
}
