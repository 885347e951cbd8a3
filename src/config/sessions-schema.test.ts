import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Environment } from './environment.ts';
import { ConfigError } from './fault.ts';
import { loadConfig } from './load-config.ts';
import { sessionsSchema } from './sessions-schema.ts';

const SECRET = 's'.repeat(32);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cachegate-sessions-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function load(sessions: string, env: Environment = {}) {
  const text = `${sessions}\nservices: { api: { origin: "https://a.example" } }\n`;
  await writeFile(join(folder, 'a.yaml'), text);
  return loadConfig({ file: 'a.yaml', cwd: folder, env });
}

async function faultsOf(sessions: string, env: Environment = {}): Promise<string[]> {
  const error: unknown = await load(sessions, env).then(
    () => null,
    (reason: unknown) => reason,
  );
  return error instanceof ConfigError ? error.message.split('\n') : [];
}

describe('own sessions', () => {
  it('have safe defaults', () => {
    expect(sessionsSchema.parse({ secrets: [SECRET] })).toEqual({
      secrets: [SECRET],
      mode: 'store',
      idle_ttl_seconds: 1800,
      absolute_ttl_seconds: 43200,
      jwt_only_seconds: 900,
      degraded_writes: 'refuse',
      max_bytes: 65536,
      allowed_origins: [],
      cookie: { name: 'session', secure: true, same_site: 'Lax', path: '/' },
    });
  });

  it('take secrets, mode and lifetimes from the environment, over the file', async () => {
    const { sessions } = await load(`sessions: { secrets: [${'f'.repeat(32)}], mode: store }`, {
      SESSION_SECRET: `${'n'.repeat(32)}, ${'o'.repeat(32)}`,
      SESSION_MODE: 'jwt',
      SESSION_IDLE_TTL: '600',
      SESSION_ABSOLUTE_TTL: '1200',
    });
    expect(sessions).toMatchObject({
      secrets: ['n'.repeat(32), 'o'.repeat(32)],
      mode: 'jwt',
      idle_ttl_seconds: 600,
      absolute_ttl_seconds: 1200,
    });
  });

  it('are not asked for by variables alone', async () => {
    expect((await load('', { SESSION_SECRET: SECRET, SESSION_MODE: 'what' })).sessions).toBeUndefined();
  });

  it('may have anything in a secret, references too', async () => {
    const secret = `$\{NONE}$$\{${'x'.repeat(32)}`;
    expect((await load('sessions: {}', { SESSION_SECRET: secret })).sessions?.secrets).toEqual([secret]);
  });

  it.each<[string, Environment, string[]]>([
    [
      'sessions: {}',
      {},
      ['SESSION_SECRET (sessions.secrets): missing; accepted: 1 to 8 secrets of 32 to 1024 characters each'],
    ],
    [
      'sessions: {}',
      { SESSION_SECRET: `${SECRET},short` },
      [
        'SESSION_SECRET (sessions.secrets[1]): found a value of 5 characters; accepted: a secret of 32 to 1024 characters',
      ],
    ],
    [
      'sessions: {}',
      { SESSION_SECRET: SECRET, SESSION_MODE: 'none', SESSION_IDLE_TTL: '5' },
      [
        'SESSION_MODE (sessions.mode): found "none"; accepted: store or jwt, default store',
        'SESSION_IDLE_TTL (sessions.idle_ttl_seconds): found 5; accepted: a whole number of seconds from 60 to 31536000, default 1800',
      ],
    ],
    [
      'sessions: { idle_ttl_seconds: 900 }',
      { SESSION_SECRET: SECRET, SESSION_ABSOLUTE_TTL: '600' },
      [
        'SESSION_ABSOLUTE_TTL (sessions.absolute_ttl_seconds): found 600; accepted: at least idle_ttl_seconds, which is 900',
      ],
    ],
    [
      `sessions: { secrets: [${SECRET}], idle_ttl_seconds: 50000 }`,
      {},
      ['sessions.idle_ttl_seconds: found 50000; accepted: at most absolute_ttl_seconds, which is 43200'],
    ],
    [
      `sessions: { secrets: [${SECRET}], cookie: { same_site: None, secure: false, name: __Host-a } }`,
      {},
      [
        'sessions.cookie.name: found "__Host-a"; accepted: a cookie name, without __Host- or __Secure-, which it is given where it may have them, default session',
        'sessions.cookie.same_site: found "None" beside secure: false; accepted: Lax or Strict, or secure: true beside None',
      ],
    ],
    [
      `sessions: { secrets: [${SECRET}] }`,
      { CACHE_URL: 'none:' },
      ['sessions: found beside the store none:; accepted: a store that applications have too'],
    ],
  ])('are faulty: %s with %j', async (sessions, env, expected) => {
    expect(await faultsOf(sessions, env)).toEqual(expected);
  });

  it('show none of their secrets', async () => {
    const shown = await faultsOf('sessions: { secrets: hunter2hunter2 }');
    expect(shown).toEqual([
      'sessions.secrets: found a value of 14 characters; accepted: a list of 1 to 8 secrets, the newest first',
    ]);
  });
});

describe('the store', () => {
  it('is named by CACHE_URL, or else by REDIS_URL', async () => {
    const [first, second] = ['redis://a', 'redis://b'];
    expect((await load('store: "memory:"', { REDIS_URL: second })).store).toBe(second);
    expect((await load('', { REDIS_URL: second, CACHE_URL: first })).store).toBe(first);
    expect((await load('', { REDIS_URL: second, CACHE_URL: '' })).store).toBe(second);
  });
});

describe('METRICS_ENABLED', () => {
  it('switches metrics off, and is true or false', async () => {
    expect((await load('')).metrics).toBe(true);
    expect((await load('', { METRICS_ENABLED: 'false' })).metrics).toBe(false);
    expect(await faultsOf('', { METRICS_ENABLED: 'no' })).toEqual([
      'METRICS_ENABLED (metrics): found "no"; accepted: true or false, default true',
    ]);
  });
});
