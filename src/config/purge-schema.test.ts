import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { conflictFaults } from './conflicts.ts';
import { loadConfig } from './load-config.ts';

const faults = (purge: unknown) => conflictFaults({ purge }).map(({ path }) => path);

describe('a purge that the listener takes', () => {
  it.each([
    undefined,
    'off',
    { addresses: ['10.0.0.1'] },
    { token: '0123456789abcdef' },
    { addresses: [], token: '0123456789abcdef' },
  ])('may be of %j', (purge) => expect(faults(purge)).toEqual([]));

  it.each([{}, { addresses: [] }])('cannot be of nobody: %j', (purge) => {
    expect(faults(purge)).toEqual(['purge']);
  });

  it('is told once where the token is what its variable lacks', async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'cachegate-purge-'));
    const text = 'purge: { token: "\u0024{NONE}" }\nservices: { api: { origin: "https://a.example" } }\n';
    await writeFile(join(cwd, 'a.yaml'), text);
    await expect(loadConfig({ file: 'a.yaml', cwd, env: {} })).rejects.toMatchObject({
      faults: [{ path: 'purge.token', names: ['NONE'], found: 'not set' }],
    });
    await rm(cwd, { recursive: true });
  });
});
