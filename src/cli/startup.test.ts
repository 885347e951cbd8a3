import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { expect, it } from 'vitest';

const IMPORT = /^(?:import|export)\s(?!type\s)[^;'"]*?from\s*'([^']+)'|^import\s*'([^']+)'/gm;

/** The packages that a module needs before it runs, by itself and by all that it imports. */
function packagesOf(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const names = [...readFileSync(file, 'utf8').matchAll(IMPORT)].map((match) => match[1] ?? match[2]!);
  return names.flatMap((name) =>
    name.startsWith('.')
      ? packagesOf(resolve(dirname(file), name), seen)
      : name.startsWith('node:')
        ? []
        : [name],
  );
}

it('starts with nothing that is heavy: it is loaded when it is needed', () => {
  const packages = new Set(packagesOf(resolve(import.meta.dirname, 'main.ts')));
  expect([...packages]).toEqual(['commander']);
});
