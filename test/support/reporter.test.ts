import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const REPORTER = resolve('test/support/reporter.ts');
const VITEST = resolve('node_modules/vitest/vitest.mjs');

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'closing-line-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs a test file of its own and answers the exit code and the last line of stdout. */
async function run(source: string, ...args: string[]): Promise<{ code: number; lastLine: string }> {
  await writeFile(join(folder, 'sample.test.js'), source);
  const reporters = ['--reporter', 'default', '--reporter', REPORTER];
  const command = [VITEST, 'run', '--globals', ...reporters, ...args];
  return new Promise((settle) => {
    const child = execFile(process.execPath, command, { cwd: folder }, (_, stdout) => {
      settle({ code: child.exitCode ?? -1, lastLine: stdout.trimEnd().split('\n').at(-1) ?? '' });
    });
  });
}

describe('the closing line', () => {
  it.each([
    ['tests that pass', "test('a', () => {}); test('b', () => {})", 0, '2 passed, 0 failed'],
    ['a test that fails', "test('a', () => {}); test('b', () => { throw 1 })", 1, '1 passed, 1 failed'],
    ['a skipped test', "test('a', () => {}); test.skip('b', () => {})", 1, '1 passed, 1 failed'],
    ['a test that is still to do', "test('a', () => {}); test.todo('b')", 1, '1 passed, 1 failed'],
    ['a file that does not load', "throw new Error('no')", 1, '0 passed, 1 failed'],
    ['a rejection that nobody handles', "test('a', () => { Promise.reject(1) })", 1, '1 passed, 1 failed'],
  ])('counts %s', async (_, source, code, lastLine) => {
    expect(await run(source)).toEqual({ code, lastLine });
  });

  it('does not count what -t left out', async () => {
    const source = "test('this', () => {}); test('that', () => { throw 1 })";
    expect(await run(source, '-t', 'this')).toEqual({ code: 0, lastLine: '1 passed, 0 failed' });
  });
});
