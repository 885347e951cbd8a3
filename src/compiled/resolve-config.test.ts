// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are written this way in configurations.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileConfig } from '../config/compile-config.ts';
import type { Environment } from '../config/environment.ts';
import { ConfigError, formatFault } from '../config/fault.ts';
import { loadConfig } from '../config/load-config.ts';
import type { Config } from '../config/schema.ts';
import type { CompiledConfig } from './compiled-config.ts';
import { resolveConfig } from './resolve-config.ts';

let cwd: string;
let files = 0;

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'cachegate-compiled-'));
});

afterAll(() => rm(cwd, { recursive: true }));

interface Both {
  compiled(env: Environment): Promise<Config | string[]>;
  loaded(env: Environment): Promise<Config | string[]>;
}

/** One file by both ways; what is refused as the lines that say why, in no order. */
async function bothOf(text: string): Promise<Both> {
  files += 1;
  const file = `gate-${files}.yaml`;
  await writeFile(join(cwd, file), text);
  const { compiled } = await compileConfig({ file, cwd });
  // As it is written: plain data.
  const plain = { ...JSON.parse(JSON.stringify(compiled)), transforms: {} } as CompiledConfig;
  return {
    compiled: (env) => outcome(async () => resolveConfig(plain, env)),
    loaded: (env) => outcome(() => loadConfig({ file, cwd, env })),
  };
}

async function outcome(read: () => Promise<Config>): Promise<Config | string[]> {
  try {
    return JSON.parse(JSON.stringify(await read())) as Config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.faults.map(formatFault).sort();
  }
}

const SERVICE = 'services: { api: { origin: "https://a.example" } }\n';

const ALL_KINDS = `
mode: \${MODE:-safe}
hash_key: \${HASH_KEY}
namespace: n-\${NAMESPACE:-x}
store_timeout_ms: \${STORE_TIMEOUT:-300}
trusted_proxies: [10.0.0.0/8, "\${PROXY:-192.0.2.1}"]
near_cache: \${NEAR:-off}
log_ttl_info: \${TTL_INFO:-true}
purge: { token: "\${PURGE_TOKEN}" }
services:
  api:
    path: \${PREFIX:-/api/}
    origin: https://\${HOST}
    methods: [GET, "\${METHOD:-POST}"]
    connections: \${CONNECTIONS:-8}
    request_headers: { Authorization: 'Bearer \${API_KEY}', X-Plain: a }
    cors: { origins: ["\${WEB_ORIGIN:-https://app.example}"], max_age_seconds: "\${MAX_AGE:-5}" }
    session:
      authority: http
      url: \${AUTHORITY_URL}
      cookie: \${COOKIE:-sid}
      method: \${ASK_BY:-GET}
      valid: ["\${VALID:-200-299}", 304]
      identity: { user: "\${USER_SOURCE:-json:/user}" }
      timeout_ms: \${TIMEOUT:-5000}
      cache: \${SESSION_CACHE:-true}
    cache: { force: "\${FORCE:-false}", methods: ["\${METHOD:-POST}"], shared_by: "\${SHARED:-all}" }
    origin_limit: { rules: [{ limit: "\${LIMIT:-5}" }], shared_as: jikan }
  other: { path: /other, origin: "https://b.example", cache: "\${CACHE:-off}", origin_limit: { rules: [{ limit: 5 }], shared_as: jikan } }
`;

const NEEDED = {
  HASH_KEY: 'a-key-of-16-characters',
  PURGE_TOKEN: 'a-token-of-16-characters',
  HOST: 'origin.example',
  API_KEY: 'key',
  AUTHORITY_URL: 'https://cms.example/admin',
};

describe('a compiled configuration', () => {
  it('comes to what the file comes to', async () => {
    const { compiled, loaded } = await bothOf(ALL_KINDS);
    const found = await compiled(NEEDED);
    expect(found).toEqual(await loaded(NEEDED));
    expect(found).toMatchObject({
      namespace: 'n-x',
      services: {
        api: { path: '/api', origin: 'https://origin.example', session: { valid: ['200-299', 304] } },
      },
    });
  });

  const VALUES: Record<string, readonly string[]> = {
    MODE: ['rfc', 'safe', 'fast', ''],
    HASH_KEY: ['short', 'a-key-of-16-characters', '', 'x'.repeat(1025)],
    NAMESPACE: ['a', 'b c', 'x'.repeat(70)],
    STORE_TIMEOUT: ['250', '9', '10001', '1.5', '-4', 'soon', '0300'],
    PROXY: ['::1/128', '10.1', 'nobody', '10.0.0.0/99'],
    NEAR: ['off', 'on'],
    TTL_INFO: ['true', 'no', '1'],
    PURGE_TOKEN: ['a-token-of-16-characters', 'a token', ''],
    PREFIX: ['/', '/v1/', '/a//b', '/other', '/other/', 'v1', '/%2e/'],
    HOST: ['origin.example', 'user:password@origin.example', 'a b', 'x?y', ''],
    METHOD: ['POST', 'QUERY', 'PUT', 'TRACE', 'post'],
    CONNECTIONS: ['1', '0', '65537', 'many', 'true'],
    API_KEY: ['key', 'a\nb', 'ü', ''],
    WEB_ORIGIN: ['https://x.example:8443', 'https://*', 'chrome-extension://*', '*', 'x@y:z'],
    MAX_AGE: ['0', '86401', 'x'],
    AUTHORITY_URL: ['http://127.0.0.1:1', 'https://h/?token=abc', 'ftp://h', ''],
    COOKIE: ['sid', 'a b', 'sid2'],
    ASK_BY: ['HEAD', 'POST', 'PUT'],
    VALID: ['204', '200-199', '99', '600', 'ok', '299-200', '418'],
    USER_SOURCE: ['header:X-User', 'json:/a/b', 'json:', 'user'],
    TIMEOUT: ['99', '100', '60000', '60001', 'NaN'],
    SESSION_CACHE: ['false', 'true', 'FALSE', '0'],
    FORCE: ['true', 'false', 'maybe'],
    SHARED: ['all', 'role', 'session', 'none'],
    LIMIT: ['5', '6', '0'],
    CACHE: ['off', 'on'],
    LOGGING_LEVEL: ['detailed', 'loud', ''],
    LOG_TTL_INFO: ['true', 'false', 'yes'],
    STATISTICS_ENABLED: ['true', '1'],
    STATISTICS_STORAGE: ['redis', 'disk'],
    STATISTICS_SAMPLE_SIZE: ['10', '9', '-10', '10.5'],
    AGGREGATE_LOG_INTERVAL: ['1', '0', 'x'],
    CACHE_URL: ['memory:', 'kv-rest:', 'none:'],
    KV_REST_API_URL: ['https://kv.example', 'kv.example', ''],
    KV_REST_API_TOKEN: ['token', ''],
    SESSION_SECRET: [
      `${'a'.repeat(32)},${'b'.repeat(32)}`,
      'short',
      `${'a'.repeat(32)},`,
      Array(9).fill('a'.repeat(32)).join(),
    ],
    SESSION_MODE: ['jwt', 'none'],
    SESSION_IDLE_TTL: ['60', '90000', '59', 'x'],
    SESSION_ABSOLUTE_TTL: ['60', '90000', '31536001', '-1'],
  };

  const environments = fc.record(
    Object.fromEntries(
      Object.entries(VALUES).map(([name, values]) => {
        // Mostly what is right, or nothing would ever be accepted.
        const right = NEEDED[name as keyof typeof NEEDED];
        const odds = { arbitrary: fc.constant<string | undefined>(right), weight: 12 };
        return [name, fc.oneof(odds, fc.constantFrom<string | undefined>(...values, undefined))];
      }),
    ),
  );

  it.each([
    ['of all kinds', ALL_KINDS],
    [
      'with own sessions',
      `${SERVICE}sessions: { cookie: { same_site: "\${SAME_SITE:-None}", secure: "\${SECURE:-true}" } }\n`,
    ],
    [
      'with a store',
      `${SERVICE}store: "\${STORE:-memory:}"\nsessions: { secrets: ["\${HASH_KEY}"], idle_ttl_seconds: "\${IDLE:-900}" }\n`,
    ],
  ])('%s says of any environment what the file says', async (_, text) => {
    const { compiled, loaded } = await bothOf(text);
    const more = fc.record({
      SAME_SITE: fc.constantFrom(undefined, 'None', 'Lax', 'none'),
      SECURE: fc.constantFrom(undefined, 'true', 'false', 'maybe'),
      STORE: fc.constantFrom(undefined, 'memory:', 'none:', 'kv-rest:'),
      IDLE: fc.constantFrom(undefined, '60', '86400', 'long'),
    });
    await fc.assert(
      fc.asyncProperty(environments, more, async (env, others) => {
        const all = { ...env, ...others };
        expect(await compiled(all)).toEqual(await loaded(all));
      }),
      { numRuns: 300 },
    );
  });

  it('names a store that no function can use', async () => {
    const { compiled } = await bothOf(SERVICE);
    const accepted = 'kv-rest:, memory: or none:, which are the stores that a function can use';
    expect(await compiled({ CACHE_URL: 'redis://10.0.0.1' })).toEqual([
      `CACHE_URL (store): found "redis://10.0.0.1"; accepted: ${accepted}`,
    ]);
    expect(await compiled({ REDIS_URL: 'rediss://u:secret@h' })).toEqual([
      `REDIS_URL (store): found a value of 19 characters; accepted: ${accepted}`,
    ]);
  });

  it('passes over REDIS_URL where it is the connected KV service by another way', async () => {
    const { compiled } = await bothOf(SERVICE);
    const env = { REDIS_URL: 'rediss://u:p@h', KV_REST_API_URL: 'https://h', KV_REST_API_TOKEN: 't' };
    expect(await compiled(env)).toMatchObject({ store: 'kv-rest:' });
    expect(await compiled({ ...env, CACHE_URL: 'memory:' })).toMatchObject({ store: 'memory:' });
  });

  it('refuses what was built in another format', () => {
    const other = { format: 2 } as unknown as CompiledConfig;
    expect(() => resolveConfig(other, {})).toThrow(
      /^the compiled configuration: found the format 2; accepted: /,
    );
    expect(() => resolveConfig(undefined as unknown as CompiledConfig, {})).toThrow(ConfigError);
  });

  it('binds the code of services', async () => {
    const { compiled } = await compileWith(SERVICE);
    const code = {
      word: 'made',
      request: function (this: { word: string }) {
        return { status: 400, error: this.word };
      },
    };
    const { services } = resolveConfig({ ...compiled, transforms: { api: code } }, {});
    const { request } = services.api!.transform!;
    expect(request!({ method: 'GET', path: '/', query: new URLSearchParams() }, {})).toEqual({
      status: 400,
      error: 'made',
    });
  });

  async function compileWith(text: string) {
    await writeFile(join(cwd, 'one.yaml'), text);
    return compileConfig({ file: 'one.yaml', cwd });
  }
});
