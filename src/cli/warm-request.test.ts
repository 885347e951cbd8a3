import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasCode } from '../errors.ts';
import { type WarmInput, warmRequestOf } from './warm-request.ts';

let folder: string;
const file = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cachegate-warm-'));
  await writeFile(file('urls'), '\ufeff/a\r\n\r\n  https://x.example/b\r\n');
  await writeFile(file('empty'), '\n');
  await writeFile(file('ids'), '1\nzwei\n\n');
  await writeFile(file('both'), '1\n\n/b\n');
  await writeFile(file('lines'), '1\n'.repeat(6 * 1024 * 1024));
  await writeFile(file('large'), '');
  await truncate(file('large'), 16 * 1024 * 1024 + 1);
});
afterAll(() => rm(folder, { recursive: true }));

describe('what is warmed', () => {
  const template = '/a/{id}';

  it('comes from arguments, ids, or what is hot', async () => {
    expect(await warmRequestOf(['/a', '/b?c=d'], {})).toEqual({ urls: ['/a', '/b?c=d'] });
    expect(await warmRequestOf([], { ids: '1, 2,,x', template })).toEqual({ ids: ['1', '2', 'x'], template });
    expect(await warmRequestOf([], { ids: '' })).toEqual({ ids: [] });
    expect(await warmRequestOf([], { hot: 50, concurrency: 8 })).toEqual({ hot: 50, concurrency: 8 });
  });

  it('comes from a file of URLs or of ids; with a template all are ids', async () => {
    expect(await warmRequestOf([], { file: file('urls') })).toEqual({ urls: ['/a', 'https://x.example/b'] });
    expect(await warmRequestOf([], { file: file('ids') })).toEqual({ ids: ['1', 'zwei'] });
    expect(await warmRequestOf([], { file: file('empty') })).toEqual({ urls: [] });
    expect(await warmRequestOf([], { file: file('both'), template })).toEqual({ ids: ['1', '/b'], template });
  });

  it.each<[readonly string[], WarmInput, string]>([
    [[], {}, 'found none; accepted: one of them'],
    [
      ['/a', 'sttus'],
      {},
      'URL…: found "sttus"; accepted: a path that begins with /, or a URL; ids go behind --ids',
    ],
    [['/a'], { ids: '1' }, 'found URL… and --ids; accepted: one of them'],
    [[], { file: 'nowhere' }, 'nowhere): cannot be read: ENOENT; accepted: a readable file, or -'],
    [[], { file: 'both' }, 'both:3): found "/b"; accepted: URLs alone'],
    [[], { file: 'large' }, 'found a larger file; accepted: at most 16 MiB'],
    [[], { file: 'lines' }, 'found more, as JSON; accepted: at most 16 MiB'],
  ])('is refused: %j %j', async (urls, input, message) => {
    const named = input.file === undefined ? input : { file: file(input.file) };
    const error = await warmRequestOf(urls, named).catch((thrown: unknown) => thrown);
    expect(hasCode(error, 'ERR_CONFIG_INVALID')).toBe(true);
    expect((error as Error).message).toContain(message);
  });
});
