// @ts-check
// Makes one file of what the gate as a function loads at its start, and one of each part that is loaded when it is used:
// a platform reads and compiles them anew at each cold start, and hundreds of small files take most of that time. Run
// after tsc, whose file it takes the place of; packages stay outside, and so does what other subpaths share with it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { main, PROJECT, Stop } from './prepare.mjs';

const ENTRY = 'dist/serverless/create-gate.js';
/** There is one of each in a process: a class that is thrown here and asked for there, what is known of an application's log. */
const SHARED = ['dist/errors.js', 'dist/config/fault.js', 'dist/observe/known-logs.js'];
/** What a function's configuration can't ask for. */
const UNUSED = [
  'dist/store/lmdb/lmdb-store.js',
  'dist/store/valkey/valkey-store.js',
  'dist/wiring/store-tls.js',
  'dist/wiring/wire-metrics.js',
];

/** Written in, where it is else read from package.json: who bundles a function has no such file beside it. */
const version = {
  name: 'version',
  setup(/** @type {import('esbuild').PluginBuild} */ { onLoad }) {
    const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));
    onLoad({ filter: /[/\\]dist[/\\]version\.js$/ }, () => ({
      contents: `export const VERSION = ${JSON.stringify(version)};`,
    }));
  },
};

await main(async () => {
  const { warnings } = await build({
    absWorkingDir: PROJECT,
    entryPoints: [ENTRY],
    outdir: 'dist/serverless',
    chunkNames: 'part-[name]-[hash]',
    external: [...SHARED, ...UNUSED].map((file) => join(PROJECT, file)),
    packages: 'external',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    plugins: [version],
    allowOverwrite: true,
    logLevel: 'warning',
  });
  if (warnings.length > 0) throw new Stop('The gate could not be bundled without warnings.');
  return 0;
});
