import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { importDefault } from './import-module.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cachegate-module-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('importDefault', () => {
  it.each(['ts', 'mts', 'js', 'mjs'])('loads a .%s file as it is by now', async (extension) => {
    const file = join(folder, `config.${extension}`);
    for (const version of [1, 2, 3]) {
      await writeFile(file, `export default { version: ${version}, url: import.meta.url };`);
      expect(await importDefault(file)).toMatchObject({ value: { version } });
    }
  });

  it.each(['ts', 'mts', 'js'])('loads what a .%s file imports anew, each once', async (extension) => {
    const file = join(folder, `config.${extension}`);
    for (const version of [1, 2]) {
      await writeFile(join(folder, `a.${extension}`), `export const a = { version: ${version} };`);
      await writeFile(
        join(folder, `b.${extension}`),
        `import { a } from './a.${extension}'; export const b = () => a;`,
      );
      await writeFile(
        file,
        `import { a } from './a.${extension}'; import { b } from './b.${extension}';
        export default { ...a, isOne: a === b() };`,
      );
      expect(await importDefault(file)).toEqual({ value: { version, isOne: true } });
    }
  });
});
