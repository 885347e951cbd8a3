import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

// Which rooms of src/ may know which, types included: the directions of docs/architecture.md.

const SRC = resolve(import.meta.dirname, '../src');
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll('\\', '/'));
const sources = files.filter((file) => !file.endsWith('.test.ts'));
const text = new Map(files.map((file) => [file, readFileSync(join(SRC, file), 'utf8')]));

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^;'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s*['"]([^'"]+)['"]/g;

function importsOf(file: string): string[] {
  return [...text.get(file)!.matchAll(IMPORT)].map((match) => (match[1] ?? match[2] ?? match[3])!);
}

/** Files of src/ that a file imports. */
function internal(file: string): string[] {
  return importsOf(file)
    .filter((name) => name.startsWith('.'))
    .map((name) => relative(SRC, resolve(SRC, dirname(file), name)).replaceAll('\\', '/'));
}

function external(file: string): string[] {
  return importsOf(file).filter((name) => !name.startsWith('.'));
}

const room = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : file);

/** What each room may import beside itself. Root files stand under their own names. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  'clock.ts': [],
  'errors.ts': [],
  'background.ts': [],
  'deadline.ts': [],
  'version.ts': [],
  'vercel-request.ts': [],
  http: [],
  engine: ['http'],
  store: ['clock.ts', 'errors.ts', 'background.ts'],
  observe: ['clock.ts', 'errors.ts', 'http', 'session', 'store'],
  statistics: ['clock.ts', 'errors.ts', 'observe', 'store'],
  'origin-budget': ['clock.ts', 'errors.ts', 'observe', 'store'],
  warm: ['clock.ts', 'errors.ts', 'background.ts', 'deadline.ts', 'http', 'observe', 'store'],
  'rate-limit': ['clock.ts', 'errors.ts', 'observe', 'store'],
  session: ['clock.ts', 'errors.ts', 'background.ts', 'deadline.ts', 'http', 'store', 'observe'],
  'response-cache': ['clock.ts', 'errors.ts', 'background.ts', 'http', 'engine', 'store', 'observe'],
  purge: ['clock.ts', 'errors.ts', 'http', 'observe', 'store'],
  // What the cache holds for a request, and what it would do.
  explain: ['clock.ts', 'errors.ts', 'engine', 'gateway', 'http', 'observe', 'response-cache', 'store'],
  gateway: [
    'warm',
    'origin-budget',
    'purge',
    'deadline.ts',
    'clock.ts',
    'errors.ts',
    'http',
    'engine',
    'store',
    'observe',
    'rate-limit',
    'session',
    'response-cache',
  ],
  'value-cache': ['clock.ts', 'errors.ts', 'background.ts', 'observe', 'store'],
  // The HTTP cache as a client has it.
  fetch: [
    ...['clock.ts', 'errors.ts', 'background.ts', 'deadline.ts', 'http', 'engine', 'store', 'observe'],
    ...['origin-budget', 'response-cache'],
  ],
  // The parts in an application, whatever its framework.
  app: [
    ...[
      'clock.ts',
      'errors.ts',
      'background.ts',
      'deadline.ts',
      'config',
      'fetch',
      'gateway',
      'http',
      'observe',
    ],
    ...['origin-budget', 'rate-limit', 'response-cache', 'session', 'statistics', 'store', 'value-cache'],
    ...['function-cache', 'version.ts', 'warm', 'wiring'],
  ],
  // Results of functions.
  'function-cache': [
    ...['background.ts', 'clock.ts', 'config', 'errors.ts', 'observe', 'store', 'value-cache'],
    ...['vercel-request.ts', 'wiring'],
  ],
  // A configuration that was checked where it was built.
  compiled: ['config', 'errors.ts', 'gateway'],
  // The gate as a function of a platform: what it imports is loaded at each cold start.
  serverless: [
    ...[
      'background.ts',
      'clock.ts',
      'compiled',
      'config',
      'deadline.ts',
      'errors.ts',
      'fetch',
      'gateway',
      'http',
    ],
    ...['observe', 'response-cache', 'session', 'statistics', 'store', 'vercel-request.ts', 'wiring'],
  ],
  frameworks: [
    'app',
    'compiled',
    'errors.ts',
    'http',
    'listen',
    'observe',
    'serverless',
    'session',
    'store',
    'value-cache',
  ],
  listen: ['errors.ts'],
  adapters: ['http', 'gateway', 'listen'],
  admin: ['deadline.ts', 'errors.ts', 'explain', 'listen', 'purge', 'session', 'statistics', 'warm'],
  config: ['compiled', 'deadline.ts', 'errors.ts', 'gateway', 'http', 'listen', 'store'],
  wiring: [
    ...[
      'admin',
      'clock.ts',
      'errors.ts',
      'background.ts',
      'version.ts',
      'config',
      'engine',
      'gateway',
      'observe',
      'purge',
    ],
    ...['explain', 'origin-budget', 'rate-limit', 'response-cache', 'session', 'statistics', 'store', 'warm'],
  ],
  'server.ts': [
    ...['clock.ts', 'errors.ts', 'background.ts', 'adapters', 'admin', 'config', 'gateway', 'observe'],
    ...['explain', 'purge', 'response-cache', 'session', 'statistics', 'store', 'warm', 'wiring'],
  ],
  workers: [
    ...['admin', 'clock.ts', 'config', 'errors.ts', 'explain', 'observe', 'purge', 'server.ts', 'session'],
    ...['statistics', 'store', 'warm', 'wiring'],
  ],
  // What an admin address answers with has the shapes of the rooms that it comes from.
  cli: [
    'compiled',
    'config',
    'errors.ts',
    'explain',
    'observe',
    'purge',
    'server.ts',
    'statistics',
    'version.ts',
    'warm',
    'wiring',
    'workers',
  ],
  // What subpaths of the package export; `frameworks` are subpaths of their own.
  entries: [
    ...['app', 'errors.ts', 'fetch', 'function-cache', 'observe', 'session', 'statistics', 'store'],
    ...['value-cache', 'warm'],
  ],
  testing: ['clock.ts', 'errors.ts', 'store'],
  'index.ts': [
    ...['admin', 'clock.ts', 'errors.ts', 'config', 'explain', 'gateway', 'observe', 'purge', 'server.ts'],
    ...['statistics', 'store', 'warm'],
  ],
};

const BACKENDS = ['store/memory/', 'store/valkey/', 'store/lmdb/', 'store/kv-rest/'];

/** Packages that one room alone may know. */
const OWNED_PACKAGES: Record<string, string> = {
  iovalkey: 'store/valkey/',
  ioredis: 'store/valkey/',
  lmdb: 'store/lmdb/',
  '@upstash/redis': 'store/kv-rest/',
};

describe('architecture', () => {
  it('finds the sources', () => {
    expect(sources.length).toBeGreaterThan(50);
  });

  it.each(sources)('%s imports only rooms that it may know', (file) => {
    const allowed = MAY_IMPORT[room(file)];
    expect(allowed, `no rule for the room ${room(file)}`).toBeDefined();
    for (const imported of internal(file)) {
      if (room(imported) === room(file)) continue;
      expect(allowed, `${file} imports ${imported}`).toContain(room(imported));
    }
  });

  it('only the wiring chooses a backend of the store', () => {
    for (const file of sources) {
      if (file === 'wiring/open-store.ts' || file.startsWith('store/')) continue;
      for (const imported of internal(file)) {
        expect(
          BACKENDS.some((backend) => imported.startsWith(backend)),
          `${file} imports ${imported}`,
        ).toBe(false);
      }
    }
  });

  it.each(Object.entries(OWNED_PACKAGES))('%s is known to %s alone', (name, owner) => {
    for (const file of sources) {
      if (!file.startsWith(owner)) expect(external(file), file).not.toContain(name);
    }
  });

  it('http/ and engine/ are pure: no clock, environment, timer, logger or I/O', () => {
    const impure =
      /\bDate\.now\b|new Date\(\)|\bprocess\.|\bset(?:Timeout|Interval|Immediate)\b|\bconsole\.|\bperformance\.|Math\.random/;
    for (const file of sources.filter((each) => /^(http|engine)\//.test(each))) {
      // A parser of structured fields (RFC 8941) computes only.
      expect(
        external(file).filter((name) => name !== 'structured-headers'),
        file,
      ).toEqual([]);
      expect(text.get(file)!.match(impure)?.[0], file).toBeUndefined();
    }
  });

  it('has no cycles, types included', () => {
    const done = new Set<string>();
    const path: string[] = [];
    const visit = (file: string): void => {
      if (done.has(file)) return;
      const at = path.indexOf(file);
      if (at !== -1) throw new Error(`cycle: ${[...path.slice(at), file].join(' → ')}`);
      path.push(file);
      for (const imported of internal(file)) if (text.has(imported)) visit(imported);
      path.pop();
      done.add(file);
    };
    for (const file of sources) visit(file);
  });

  it('has no dumping grounds and no barrels inside', () => {
    const grounds = /(?:^|\/)(?:utils?|helpers?|types|common|misc|shared)(?:\.ts|\/)/;
    expect(files.filter((file) => grounds.test(file))).toEqual([]);
    const barrels = files.filter((file) => file.endsWith('/index.ts') && file !== 'testing/index.ts');
    expect(barrels).toEqual([]);
  });

  it('keeps files small enough to be one room', () => {
    const long = sources.filter((file) => text.get(file)!.split('\n').length > 350);
    expect(long).toEqual([]);
  });
});
