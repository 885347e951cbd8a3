import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { removeGuidePrograms, writeGuidePrograms } from '../package/guide-programs.ts';
import { runProgram } from '../package/run-program.ts';
import { type SimpleOrigin, startOrigin } from '../support/cached-fetch.ts';

// The programs of docs/guides/from-undici-cache.md, on the built package, do what it says.

const RUN_MS = 60_000;

let folder: string;
let library: SimpleOrigin;
beforeAll(async () => {
  ({ folder } = await writeGuidePrograms('from-undici-cache.md'));
  library = await startOrigin((request, response) => {
    // All four are on their way before one is answered.
    setTimeout(() => response.end(`book ${request.url!.split('/').pop()}`), 100);
  });
});
afterAll(async () => {
  await library?.close();
  await removeGuidePrograms(folder);
});

describe('from-undici-cache.md', () => {
  it.each([
    ['before.mjs', 4],
    ['after.mjs', 2],
  ])('%s asks %i times', { timeout: RUN_MS }, async (program, asked) => {
    const before = library.asked.length;
    const env = { LIBRARY_URL: library.url };
    const printed = await runProgram(process.execPath, [program], { cwd: folder, env });
    expect(JSON.parse(printed)).toEqual(['book 7', 'book 8', 'book 7', 'book 8']);
    expect(library.asked.length - before).toBe(asked);
  });
});
