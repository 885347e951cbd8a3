import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { endianness, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadLmdb } from './lmdb-module.ts';
import { createLmdbStore } from './lmdb-store.ts';
import { openMap } from './open-map.ts';

const MIB = 1024 * 1024;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cachegate-map-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function dataFile(): string {
  return join(folder, readdirSync(folder).find((name) => name.endsWith('.mdb'))!);
}

function overwrite(path: string, at: number, number: number): void {
  const bytes = readFileSync(path);
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(at, number, endianness() === 'LE');
  writeFileSync(path, bytes);
}

describe('openMap', () => {
  it.runIf(process.platform === 'linux')('ends where no folder can be made', async () => {
    await expect(openMap('/proc/nope/cache', MIB)).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' });
  });

  it('makes the folder, for its owner alone', async () => {
    const path = join(folder, 'a/b');
    await (await openMap(path, MIB)).close();
    expect(statSync(path).mode & 0o077).toBe(0);
    for (const name of readdirSync(path).filter((each) => each.includes('.mdb'))) {
      expect(statSync(join(path, name)).mode & 0o077, name).toBe(0);
    }
  });

  it('says that a file is in the way', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, '');
    for (const each of [path, join(path, 'inside')]) {
      await expect(openMap(each, MIB)).rejects.toMatchObject({
        code: 'ERR_CONFIG_INVALID',
        message: `The store's folder ${each} can't be used: a file is in the way; name a folder`,
      });
    }
  });

  const damages: [string, string, (path: string) => void][] = [
    ['garbage', 'is damaged', (path) => writeFileSync(path, Buffer.alloc(100_000, 'garbage'))],
    ['cut short', 'has been cut short', (path) => truncateSync(path, 100_000)],
    ['cut shorter', 'has been cut short', (path) => truncateSync(path, 5_000)],
    ['another release', 'is of another release of LMDB', (path) => overwrite(path, 28, 999)],
    ['other pages', 'has pages of another size', (path) => overwrite(path, 48, 16_384)],
  ];
  it.each(damages)('says what is wrong with its file: %s', async (_, says, damage) => {
    const store = await createLmdbStore({ path: folder, limitBytes: 64 * MIB });
    for (let i = 0; i < 8; i++) await store.set(`k${i}`, Buffer.alloc(MIB), 60_000);
    await store.close();
    damage(dataFile());
    await expect(openMap(folder, MIB)).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message: `The store's folder ${folder} can't be used: its file ${says}; remove it`,
    });
  });

  it('says what to install where the package is missing', async () => {
    const missing = () => Promise.reject(new Error('Cannot find package'));
    await expect(loadLmdb(missing)).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      message: expect.stringContaining('npm install lmdb'),
    });
  });
});
