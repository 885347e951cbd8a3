import { appendFileSync, readFileSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

// `LOADED=file node --import ./loaded-packages.mjs program` tells which packages a program has really loaded.

const FILE = process.env.LOADED;

if (isMainThread) register(import.meta.url);

export async function load(url, context, nextLoad) {
  appendFileSync(FILE, `${url}\n`);
  return nextLoad(url, context);
}

/** So far, in the order of their names. */
export function loadedPackages() {
  // What a module of CommonJS requires is not told to hooks.
  const required = Object.keys(createRequire(import.meta.url).cache);
  const found = [...readFileSync(FILE, 'utf8').split('\n'), ...required].flatMap(
    (path) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? [],
  );
  return [...new Set(found)].filter((name) => name !== 'esbuild').sort();
}
