import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const SRC = resolve(import.meta.dirname, '../../src');

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s+(type\s)?([^;'"]*?)from\s*['"]([^'"]+)['"]|(?:^|\n)import\s*['"]([^'"]+)['"]/g;

/** What is loaded with a file: no types, and nothing that is imported only when it is needed. */
function loadedBy(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(IMPORT)]
    .filter(([, type, names]) => type === undefined && !isOfTypes(names))
    .map(([, , , from, alone]) => (from ?? alone)!);
}

function isOfTypes(names: string | undefined): boolean {
  const listed = /^\{([^}]*)\}\s*$/.exec(names ?? '')?.[1];
  if (listed === undefined) return false;
  const each = listed.split(',').map((name) => name.trim());
  return each.filter((name) => name !== '').every((name) => name.startsWith('type '));
}

export interface ImportGraph {
  /** The packages, each with the first chain of files that leads to it. */
  readonly packages: ReadonlyMap<string, string>;
  readonly files: readonly string[];
}

/** All that is loaded with files of `src/`. */
export function importGraph(...entries: readonly string[]): ImportGraph {
  const packages = new Map<string, string>();
  const files = new Set<string>();
  const visit = (file: string, chain: readonly string[]): void => {
    if (files.has(file)) return;
    files.add(file);
    const here = [...chain, relative(SRC, file)];
    for (const name of loadedBy(file)) {
      if (name.startsWith('.')) visit(resolve(dirname(file), name), here);
      else if (!name.startsWith('node:') && !packages.has(packageOf(name)))
        packages.set(packageOf(name), [...here, name].join(' → '));
    }
  };
  for (const entry of entries) visit(join(SRC, entry), []);
  return { packages, files: [...files] };
}

function packageOf(name: string): string {
  return name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/');
}
