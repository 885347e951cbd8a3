import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readImportTrees } from '../../scripts/import-tree.mjs';
import { runProgram } from './run-program.ts';

const PROJECT = resolve(import.meta.dirname, '../..');

describe('the trees of imports', () => {
  it('stand in docs/imports.md as they are', async () => {
    const args = ['scripts/imports.mjs', '--check'];
    expect(await runProgram(process.execPath, args, { cwd: PROJECT })).toBe('');
  });

  it('have no package that is not a dependency', async () => {
    const manifest = JSON.parse(readFileSync(resolve(PROJECT, 'package.json'), 'utf8'));
    const { dependencies, optionalDependencies, peerDependencies } = manifest;
    const declared = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies });
    const imported = (await readImportTrees()).flatMap(({ packages, later }) => [...packages, ...later]);
    expect(declared).toEqual(expect.arrayContaining([...new Set(imported)]));
  });
});
