import { readFile } from 'node:fs/promises';
import { within } from '../deadline.ts';
import { oneLine } from './found.ts';

const MAX_REASON = 300;
const LOAD_DEADLINE_MS = 10_000;

export type Imported = { readonly value: unknown } | { readonly reason: string };

/**
 * The default export of a TypeScript or JavaScript file (`undefined` when it has none), or why there is none. It is loaded
 * as it is now, with what it imports, but for `.mjs` and what lies in `node_modules`: these Node loads once in a process.
 */
export async function importDefault(file: string): Promise<Imported> {
  // Loaded only here: a configuration without code does not pay for it.
  const { createJiti } = await import('jiti');
  const jiti = createJiti(import.meta.url, { fsCache: false, moduleCache: false });
  // By itself, jiti leaves an ES module of JavaScript to Node, which would give back what it has loaded before.
  const load = async () =>
    jiti.evalModule(await readFile(file, 'utf8'), { filename: file, async: true, forceTranspile: true });
  try {
    // A module may wait for ever at its top level, and Node would then end the process without a word.
    const namespace: unknown = await within(LOAD_DEADLINE_MS, load(), late);
    const isModule = typeof namespace === 'object' && namespace !== null && 'default' in namespace;
    return { value: isModule ? namespace.default : undefined };
  } catch (error) {
    return { reason: oneLine(error instanceof Error ? error.message : String(error), MAX_REASON) };
  }
}

const late = () => new Error(`it did not finish loading in ${LOAD_DEADLINE_MS} ms`);
