import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { findRuntimes } from '../../scripts/runtimes.mjs';

// Dispatchers of other versions than the project's own: those that Node has within.

const PROGRAM = resolve(import.meta.dirname, '../support/own-undici-program.ts');
const HOOKS = resolve(import.meta.dirname, '../support/typescript-hooks.mjs');
const DEADLINE_MS = 30_000;

const { NODE_24, NODE_26 } = findRuntimes();
const NODES = { 'this Node': process.execPath, 'Node 24': NODE_24, 'Node 26': NODE_26 };

describe.each(Object.entries(NODES))('the undici of %s', (_, node) => {
  it('is led through the cache', { timeout: DEADLINE_MS }, async () => {
    const ran = await promisify(execFile)(node, ['--import', HOOKS, PROGRAM], { timeout: DEADLINE_MS });
    const { version, printed, asked, failures } = JSON.parse(ran.stdout);
    expect(version).toMatch(/^[678]\./);
    expect(failures).toEqual([]);
    const cookies = 'a=1,b=2';
    expect(printed).toEqual([
      `request answer 1 ${cookies}  fwd=uri-miss`,
      `fetch answer 2 ${cookies}  fwd=uri-miss`,
      `request answer 1 ${cookies}  hit`,
      `fetch answer 2 ${cookies}  hit`,
      'post answer 3',
    ]);
    expect(asked).toEqual(['GET /request', 'GET /fetch', 'POST /fetch <x>']);
  });
});
