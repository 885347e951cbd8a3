import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { claimDataFile, type DataFile } from './data-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cachegate-data-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Claims, and writes what the map would. */
function claimed(boot: string): DataFile {
  const file = claimDataFile(folder, boot);
  writeFileSync(file.path, 'data');
  return file;
}

describe('claimDataFile', () => {
  it('goes on with the file for as long as the machine runs, however processes end', () => {
    const [one, two] = [claimed('b1'), claimed('b1')];
    expect(two.path).toBe(one.path);
    one.release();
    expect(claimed('b1').path).toBe(one.path);
  });

  it('goes on after the machine was started again when the last process had closed it', () => {
    const [one, two] = [claimed('b1'), claimed('b1')];
    one.release();
    two.release();
    expect(claimed('b2').path).toBe(one.path);
  });

  it('begins a new file after the machine was started again while one was open, and removes the old one', () => {
    const [one, two] = [claimed('b1'), claimed('b1')];
    one.release();
    const later = claimed('b2');
    expect(later.path).not.toBe(two.path);
    expect(existsSync(two.path)).toBe(false);
    expect(claimed('b2').path).toBe(later.path);
  });

  it('does not hold a file for clean that was opened again', () => {
    claimed('b1').release();
    const again = claimed('b1');
    expect(claimed('b2').path).not.toBe(again.path);
  });

  it('does not wait for processes that died', () => {
    const one = claimed('b1');
    writeFileSync(join(folder, 'user-2-b1-999999999-0'), '');
    writeFileSync(join(folder, `user-2-b0-${process.pid}-0`), '');
    claimed('b1').release();
    one.release();
    expect(claimed('b2').path).toBe(one.path);
  });

  it('removes what an older release has left, once none of its processes is there', () => {
    const older = ['boot-1-b1', 'clean-1', 'data-1-0a.mdb', 'data-1-0a.mdb-lock', 'user-1-b1-999999999-0'];
    for (const each of older) writeFileSync(join(folder, each), '');
    const living = join(folder, `user-1-b1-${process.pid}-0`);
    writeFileSync(living, '');
    const one = claimed('b1');
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(older));
    rmSync(living);
    expect(claimed('b1').path).toBe(one.path);
    expect(readdirSync(folder).filter((each) => older.includes(each))).toEqual([]);
  });

  it('leaves alone what is not its own', () => {
    writeFileSync(join(folder, 'notes.txt'), '');
    writeFileSync(join(folder, 'data-1st.txt'), '');
    writeFileSync(join(folder, 'data-9-00.mdb'), '');
    claimed('b1');
    claimed('b2');
    expect(readdirSync(folder)).toEqual(
      expect.arrayContaining(['notes.txt', 'data-1st.txt', 'data-9-00.mdb']),
    );
  });

  it('begins a new file when the clean one is gone, or its name is none', () => {
    const one = claimed('b1');
    one.release();
    rmSync(one.path);
    expect(claimed('b2').path).not.toBe(one.path);
    for (const name of ['../elsewhere', '']) {
      writeFileSync(join(folder, 'clean-2'), name);
      expect(basename(claimDataFile(folder, `b-${name.length}`).path)).toMatch(/^data-2-[0-9a-f]+\.mdb$/);
    }
  });
});
