import { cp, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { subpaths } from '../../scripts/import-tree.mjs';
import { findRuntimes } from '../../scripts/runtimes.mjs';
import { type KvRestFront, startKvRestFront } from '../support/kv-rest-front.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';
import { addDependencies, type InstalledPackage, installPackage } from './installed-package.ts';
import { runProgram } from './run-program.ts';
import { addWebGate } from './web-gate-project.ts';

// The package as it is published, in projects of its users, on the runtimes that they have.

const PROGRAMS = resolve(import.meta.dirname, 'programs');
const TYPE_TESTS = resolve(import.meta.dirname, '../types');
const LOADED = resolve(import.meta.dirname, '../../scripts/loaded-packages.mjs');
const TSC = resolve(import.meta.dirname, '../../node_modules/typescript/bin/tsc');
// npm, and then processes on a machine that is busy with other tests.
const INSTALL_MS = 240_000;
const RUN_MS = 120_000;

const RUNTIMES = findRuntimes();
const NODES = { 'Node 20': process.execPath, 'Node 24': RUNTIMES.NODE_24, 'Node 26': RUNTIMES.NODE_26 };

let installed: InstalledPackage;
beforeAll(async () => {
  installed = await installPackage();
}, INSTALL_MS);
afterAll(() => installed?.end());

/** A project with the programs of this folder. */
async function projectWithPrograms(name: string, manifest?: object): Promise<string> {
  const project = await installed.project(name, manifest);
  await cp(PROGRAMS, project, { recursive: true });
  return project;
}

describe.each(Object.entries(NODES))('the package on %s', (name, node) => {
  let project: string;
  beforeAll(async () => {
    project = await projectWithPrograms(name.replace(' ', '-'));
  });
  const use = (program: string) => runProgram(node, [program], { cwd: project, deadlineMs: RUN_MS });

  it('serves a gate by its command', { timeout: RUN_MS }, async () => {
    expect(await use('server.mjs')).toContain('used');
  });

  it('gives its parts to an ES module', { timeout: RUN_MS }, async () => {
    expect(await use('esm.mjs')).toContain('used');
  });

  it('gives its parts to require()', { timeout: RUN_MS }, async () => {
    expect(await use('commonjs.cjs')).toContain('used');
  });
});

/** How each runtime runs a program; Deno is to take the packages that npm has installed. */
const COMMANDS: Record<string, readonly [string, ...string[]]> = {
  ...Object.fromEntries(Object.entries(NODES).map(([name, node]) => [name, [node] as const])),
  Bun: [RUNTIMES.BUN],
  Deno: [RUNTIMES.DENO, 'run', '--allow-all', '--no-check', '--node-modules-dir=manual'],
};

describe('the gate as a function', () => {
  let project: string;
  let valkey: ValkeyServer;
  let front: KvRestFront;
  beforeAll(async () => {
    project = await projectWithPrograms('web-gate');
    await addWebGate(project);
    valkey = await startValkeyServer();
    front = await startKvRestFront(valkey.url);
  }, RUN_MS);
  afterAll(async () => {
    await front?.close();
    await valkey?.stop();
  });

  const use = async ([program, ...args]: readonly [string, ...string[]], env: Record<string, string>) => {
    const quiet = {
      DENO_DIR: join(project, 'deno'),
      DENO_NO_UPDATE_CHECK: '1',
      CACHE_URL: '',
      REDIS_URL: '',
    };
    const options = { cwd: project, env: { ...quiet, ...env }, deadlineMs: RUN_MS };
    return runProgram(program, [...args, 'web-gate.mjs'], options);
  };

  describe.each(Object.entries(COMMANDS))('on %s', (_name, command) => {
    it('behaves as the gate does, in its own memory', { timeout: RUN_MS }, async () => {
      expect(await use(command, {})).toMatch(/^\d+ cases, 0 failed$/m);
    });

    it('behaves as the gate does, on a KV service', { timeout: RUN_MS }, async () => {
      front.reset();
      const env = { KV_REST_API_URL: front.url, KV_REST_API_TOKEN: front.token };
      expect(await use(command, env)).toMatch(/^\d+ cases, 0 failed$/m);
      expect(front.requests).toBeGreaterThan(0);
    });
  });
});

/** What each subpath loads by itself: these packages, and what they depend on. */
const OWN: Record<string, readonly string[]> = {
  'cachegate/session': ['jose', 'lru-cache'],
  'cachegate/fetch': ['ipaddr.js', 'lru-cache', 'structured-headers', 'zod'],
  'cachegate/function': [],
  'cachegate/fastify': [],
  'cachegate/express': [],
  'cachegate/hono': [],
  'cachegate/node': [],
  'cachegate/web': ['ipaddr.js', 'lru-cache', 'structured-headers'],
  'cachegate/vercel': ['ipaddr.js', 'lru-cache', 'structured-headers'],
  'cachegate/express-session-store': [],
  'cachegate/fastify-session-store': [],
  'cachegate/testing': [],
};
/** All that is needed for a server, or for all parts in an application. */
const WHOLE = ['cachegate', 'cachegate/app'];

describe('each subpath', () => {
  let project: string;
  beforeAll(async () => {
    project = await installed.project('subpaths');
    await cp(LOADED, join(project, 'loaded-packages.mjs'));
  });
  const load = async (subpath: string): Promise<Record<string, { files: number }>> => {
    const args = ['loaded-packages.mjs', subpath];
    return JSON.parse(await runProgram(process.execPath, args, { cwd: project, deadlineMs: RUN_MS }));
  };

  it('is looked at', () => {
    const all = subpaths().map(({ subpath }) => subpath);
    expect(all.sort()).toEqual([...WHOLE, ...Object.keys(OWN)].sort());
  });

  it.each(WHOLE)('%s is imported alone', { timeout: RUN_MS }, async (subpath) => {
    expect(await load(subpath)).toHaveProperty('cachegate');
  });

  it.each(Object.entries(OWN))(
    '%s is imported alone, and loads no other packages',
    { timeout: RUN_MS },
    async (subpath, own) => {
      const { cachegate, ...loaded } = await load(subpath);
      expect(cachegate!.files).toBeGreaterThan(0);
      expect(Object.keys(loaded).sort()).toEqual([...own].sort());
    },
  );

  it.each(['cachegate/vercel', 'cachegate/web'])(
    '%s is a few files, so that a cold start is short',
    {
      timeout: RUN_MS,
    },
    async (subpath) => {
      expect((await load(subpath)).cachegate!.files).toBeLessThan(50);
    },
  );
});

const RESOLUTIONS = {
  node16: { module: 'node16', moduleResolution: 'node16' },
  // As bundlers' projects have it: with the types of browsers beside Node's.
  bundler: { module: 'esnext', moduleResolution: 'bundler', lib: ['es2023', 'dom', 'dom.iterable'] },
};

describe.each(Object.entries(RESOLUTIONS))('the types with moduleResolution %s', (name, resolution) => {
  it('compile, those of the libraries too', { timeout: RUN_MS }, async () => {
    const project = await installed.project(`types-${name}`);
    await addDependencies(project, ['@types/node', '@types/express', '@types/express-session', 'hono']);
    await cp(TYPE_TESTS, join(project, 'types'), { recursive: true });
    const compilerOptions = {
      target: 'es2022',
      lib: ['es2023'],
      types: ['node'],
      strict: true,
      noEmit: true,
    };
    const options = { ...compilerOptions, skipLibCheck: false, ...resolution };
    const config = JSON.stringify({ compilerOptions: options, include: ['types/*.ts'] });
    await writeFile(join(project, 'tsconfig.json'), config);
    expect(await runProgram(process.execPath, [TSC, '-p', '.'], { cwd: project, deadlineMs: RUN_MS })).toBe(
      '',
    );
  });
});
