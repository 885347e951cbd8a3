import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileConfig } from '../../src/config/compile-config.ts';
import { importGraph } from '../support/import-graph.ts';

// What a function loads costs time at each cold start: nothing that reads configurations, serves, measures or writes
// readable logs, and no client that another store needs.

const ROOT = resolve(import.meta.dirname, '../..');
const SMALL = ['ipaddr.js', 'lru-cache', 'structured-headers'];
const FORBIDDEN = [
  ...['zod', 'yaml', 'pino', 'pino-pretty', 'undici', 'fastify', 'prom-client', 'jose', 'iovalkey', 'lmdb'],
  ...['commander', 'jiti', '@opentelemetry/api'],
];
const WIRING = ['wiring/open-parts.ts', 'wiring/wire-gateway.ts'];

describe.each([
  ['the function', ['frameworks/vercel.ts']],
  ['the function of any platform', ['frameworks/web.ts']],
  ['the wiring', WIRING],
  ['the outbound of a function', ['serverless/fetch-outbound.ts']],
])('with %s', (_, entries) => {
  const { packages, files } = importGraph(...entries);

  it.each(FORBIDDEN)('%s is not loaded', (name) => expect(packages.get(name)).toBeUndefined());

  it('only what is small is', () => {
    expect([...packages.keys()].filter((name) => !SMALL.includes(name))).toEqual([]);
  });

  it('no backend is but where it is used', () => {
    const backends = files.filter((file) => /\/store\/(?:memory|lmdb|valkey|kv-rest)\//.test(file));
    expect(backends).toEqual([]);
  });
});

it('is seen where it is so', () => {
  expect(importGraph('config/schema.ts').packages.get('zod')).toMatch(/^config\/schema\.ts → (?:.* → )?zod$/);
});

describe('a process with the function', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cachegate-imports-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const fileUrl = (path: string) => pathToFileURL(join(ROOT, path)).href;

  async function loadedWith(service: object, store: string, entry = 'src/frameworks/vercel.ts') {
    const file = join(folder, 'cachegate.json');
    const loaded = join(folder, 'loaded');
    await writeFile(file, JSON.stringify({ store, services: { api: { path: '/api', ...service } } }));
    await writeFile(loaded, '');
    const { compiled } = await compileConfig({ file, cwd: '/' });
    const hooks = ['loaded-packages.mjs', 'typescript-hooks.mjs'].flatMap((name) => [
      '--import',
      fileUrl(`test/support/${name}`),
    ]);
    const program = join(ROOT, 'test/support/function-program.mjs');
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [...hooks, program, fileUrl(entry), JSON.stringify(compiled)],
      { env: { ...KV, LOADED: loaded, LOGGING_LEVEL: 'minimal' } },
    );
    return JSON.parse(stdout.slice(stdout.lastIndexOf('{"imported"'))) as Told;
  }
  interface Told {
    readonly imported: readonly string[];
    readonly answered: readonly string[];
    readonly status: number;
  }

  // Where nobody listens.
  const AWAY = 'http://127.0.0.1:1';
  const KV = { KV_REST_API_URL: AWAY, KV_REST_API_TOKEN: 'token' };
  const WAGTAIL = { origin: AWAY, session: { authority: 'wagtail', url: AWAY } };

  it.each(['vercel', 'web'])('has loaded only what is small (%s)', async (name) => {
    const told = await loadedWith(WAGTAIL, 'memory:', `src/frameworks/${name}.ts`);
    expect(told).toEqual({ imported: SMALL, answered: SMALL, status: 401 });
  });

  it('has loaded nothing forbidden for a KV service', async () => {
    const { answered, status } = await loadedWith(WAGTAIL, 'kv-rest:');
    expect([answered.filter((name) => FORBIDDEN.includes(name)), status]).toEqual([[], 401]);
  });

  it('has loaded what knows tokens only for an authority of tokens', async () => {
    const session = { authority: 'token', jwks_url: `${AWAY}/keys` };
    const { imported, answered } = await loadedWith({ origin: AWAY, session }, 'memory:');
    expect([imported, answered]).toEqual([SMALL, ['ipaddr.js', 'jose', 'lru-cache', 'structured-headers']]);
  });
});
