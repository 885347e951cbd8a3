import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withCode, withoutCode } from './code-of-config.ts';
import { ConfigError } from './fault.ts';
import { loadConfig } from './load-config.ts';

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'cachegate-code-'));
  const transform = '{ request: () => ({ target: "/made" }) }';
  await writeFile(join(cwd, 'made.mjs'), `export default ${transform};`);
});
afterAll(() => rm(cwd, { recursive: true }));

const service = { origin: 'https://a.example' };

/** Loads a configuration, sends it as to another process, and makes it whole there. */
async function sent(file: string, text: string, change: () => Promise<unknown> = async () => {}) {
  await writeFile(join(cwd, file), text);
  const source = { file, cwd, env: {} };
  const config = await loadConfig(source);
  const received = structuredClone(withoutCode(config, file));
  await change();
  return { config, received: await withCode(received, source) };
}

function targetOf(config: Awaited<ReturnType<typeof loadConfig>>) {
  const { transform } = config.services.api!;
  return transform?.request?.({ method: 'GET', path: '/', query: new URLSearchParams() }, transform.options);
}

it('goes and comes back with the modules of a file in YAML, whatever the file says by then', async () => {
  const text = JSON.stringify({
    namespace: 'before',
    services: {
      api: { ...service, transform: { module: './made.mjs', options: { a: 1 } } },
      plain: { ...service, path: '/plain' },
    },
  });
  const { config, received } = await sent('a.yaml', text, () => writeFile(join(cwd, 'a.yaml'), 'listen: ['));
  expect(JSON.stringify(received)).toBe(JSON.stringify(config));
  expect(targetOf(received)).toEqual({ target: '/made' });
});

it('goes and comes back with the functions of a file in code; its settings stay as they were', async () => {
  const code = (namespace: string) => `export default {
    namespace: ${JSON.stringify(namespace)},
    services: {
      api: {
        origin: 'https://a.example',
        transform: { request: (_request, { make }) => ({ target: make() }), options: { make: () => '/in-code' } },
      },
    },
  };`;
  const { received } = await sent('b.mjs', code('before'));
  expect(received.namespace).toBe('before');
  expect(targetOf(received)).toEqual({ target: '/in-code' });
});

it('says what is wrong with code that is gone', async () => {
  await writeFile(join(cwd, 'gone.mjs'), 'export default { request: () => ({ target: "/" }) };');
  const text = JSON.stringify({ services: { api: { ...service, transform: './gone.mjs' } } });
  const failed = sent('c.yaml', text, () => rm(join(cwd, 'gone.mjs')));
  await expect(failed).rejects.toThrow(ConfigError);
  await expect(failed).rejects.toThrow(/^services\.api\.transform.*which cannot be read/);
});
