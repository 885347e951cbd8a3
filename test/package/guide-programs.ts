import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const PROJECT = resolve(import.meta.dirname, '../..');
/** A program is a block of JavaScript whose first line says what it is called. */
const PROGRAM = /^```js\n\/\/ (\S+\.mjs)\n(.*?)^```$/gms;

/** A folder with the programs that a guide shows, in which they find what the project has, `cachegate` as it is built. */
export async function writeGuidePrograms(guide: string): Promise<{ folder: string; names: string[] }> {
  const text = await readFile(join(PROJECT, 'docs', 'guides', guide), 'utf8');
  const cache = join(PROJECT, '.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(join(cache, 'guide-'));
  const programs = [...text.matchAll(PROGRAM)];
  await Promise.all(programs.map(([, name, code]) => writeFile(join(folder, name!), code!)));
  return { folder, names: programs.map(([, name]) => name!) };
}

/** `@vercel/kv`, as far as the guide goes: it is a client of `@upstash/redis` that the environment names. */
export async function standInForVercelKv(folder: string): Promise<void> {
  const target = join(folder, 'node_modules', '@vercel', 'kv');
  await mkdir(target, { recursive: true });
  await writeFile(join(target, 'package.json'), '{"name":"@vercel/kv","type":"module","main":"index.js"}');
  const code = `import { Redis } from '@upstash/redis';
const { KV_REST_API_URL: url, KV_REST_API_TOKEN: token } = process.env;
export const kv = new Redis({ url, token });
`;
  await writeFile(join(target, 'index.js'), code);
}

export const removeGuidePrograms = (folder: string) => rm(folder, { recursive: true, force: true });
