import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin, type Rollup } from 'vite';
import type { Mutation } from './mutations.ts';
import type { CreateSubject } from './subject.ts';

const SRC = resolve(import.meta.dirname, '../../src');

/**
 * The cache, built with one clause broken, or as it is.
 * @throws Error when the text to be replaced does not stand exactly once in the source
 */
export async function buildSubject(mutation: Mutation | null): Promise<CreateSubject> {
  const directory = await mkdtemp(join(tmpdir(), 'cachegate-model-'));
  try {
    const file = join(directory, 'subject.mjs');
    await writeFile(file, await bundle(mutation));
    const built = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as {
      createSubject: CreateSubject;
    };
    return built.createSubject;
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** All that the subject consists of, in one module. */
async function bundle(mutation: Mutation | null): Promise<string> {
  let found = 0;
  const replacement: Plugin = {
    name: 'mutation',
    enforce: 'pre',
    transform(code, id) {
      if (mutation === null || resolve(id) !== join(SRC, mutation.file)) return null;
      found = code.split(mutation.from).length - 1;
      return code.replace(mutation.from, () => mutation.to);
    },
  };
  const result = await build({
    configFile: false,
    logLevel: 'silent',
    plugins: [replacement],
    ssr: { noExternal: true },
    build: { ssr: join(import.meta.dirname, 'subject.ts'), write: false, minify: false, target: 'node20' },
  });
  if (mutation !== null && found !== 1) {
    throw new Error(`“${mutation.from}” stands ${found} times in src/${mutation.file}`);
  }
  return (result as Rollup.RollupOutput).output[0].code;
}
