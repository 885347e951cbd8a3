import { readFile } from 'node:fs/promises';
import { createRequire, register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

// `node --import ./typescript-hooks.mjs program.ts` runs TypeScript as it is, with packages loaded by Node.js itself, as
// native ones must be.

if (isMainThread) register(import.meta.url);

const require = createRequire(import.meta.url);
/** Vite's. */
const esbuild = isMainThread ? null : createRequire(require.resolve('vite'))('esbuild');

export async function load(url, context, nextLoad) {
  if (!url.endsWith('.ts')) return nextLoad(url, context);
  const source = await readFile(fileURLToPath(url), 'utf8');
  const { code } = await esbuild.transform(source, { loader: 'ts', target: 'es2023', sourcemap: 'inline' });
  return { format: 'module', source: code, shortCircuit: true };
}
