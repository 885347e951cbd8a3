import { describe, expect, it } from 'vitest';
import { readAppConfig } from './app-schema.ts';
import { ConfigError } from './fault.ts';

const SECRET = 's'.repeat(32);
const read = (options: unknown, env: Record<string, string> = {}) => readAppConfig(options, env, '/app');

function linesOf(options: unknown, env: Record<string, string> = {}): string[] {
  try {
    read(options, env);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message.split('\n');
  }
}

describe("an application's options", () => {
  it('are all optional', () => {
    expect(read({})).toMatchObject({
      ...{ store_timeout_ms: 250, near_cache: { max_age_ms: 1_000 }, memory_limit_mib: 256, namespace: '' },
      ...{ trusted_proxies: [], mode: 'safe', logging_level: 'aggregate', metrics: true },
      ...{ sessions: 'off', rate_limit: 'off', services: {} },
    });
    expect(read({}).store).toBeUndefined();
    expect(read({ store: undefined, sessions: undefined })).toEqual(read({}));
  });

  it('fill in the defaults of their blocks', () => {
    const { sessions, gate, rate_limit, services } = read({
      sessions: {},
      gate: { authority: 'django', url: 'https://admin.example' },
      rate_limit: { limit: 5 },
      services: { api: { origin: 'https://api.example/v1', cache: { ttl_seconds: 60 } } },
    });
    expect(sessions).toMatchObject({ mode: 'store', idle_ttl_seconds: 1_800, cookie: { name: 'session' } });
    expect(gate).toMatchObject({ authority: 'django', cookie: 'sessionid', name: 'Django' });
    expect(rate_limit).toEqual({ limit: 5, window_seconds: 10 });
    expect(services.api).toMatchObject({ cache: { ttl_seconds: 60 }, timeouts: { headers_ms: 30_000 } });
  });

  it('have the environment over them', () => {
    const env = {
      ...{ REDIS_URL: 'redis://two', SESSION_SECRET: `${SECRET}, ${SECRET}2`, SESSION_MODE: 'jwt' },
      ...{ SESSION_IDLE_TTL: '600', SESSION_ABSOLUTE_TTL: '6000' },
      ...{ LOGGING_LEVEL: 'detailed', METRICS_ENABLED: 'false' },
    };
    const written = { store: 'memory:', logging_level: 'minimal', sessions: { secrets: ['w'.repeat(32)] } };
    expect(read(written, env)).toMatchObject({
      ...{ store: 'redis://two', logging_level: 'detailed', metrics: false },
      sessions: {
        ...{ secrets: [SECRET, `${SECRET}2`], mode: 'jwt' },
        ...{ idle_ttl_seconds: 600, absolute_ttl_seconds: 6_000 },
      },
    });
    expect(read({}, { ...env, CACHE_URL: 'redis://one' })).toMatchObject({
      ...{ store: 'redis://one', sessions: 'off' },
    });
    expect(read({}, { KV_REST_API_URL: 'https://kv.example', KV_REST_API_TOKEN: 't' }).store).toBe(
      'kv-rest:',
    );
  });

  it('are taken as they stand: nothing in them is a reference', () => {
    const secret = `\${HOME}\${x}${SECRET}`;
    expect(read({ sessions: { secrets: [secret] } }).sessions).toMatchObject({ secrets: [secret] });
    expect(read({ sessions: {} }, { SESSION_SECRET: secret }).sessions).toMatchObject({ secrets: [secret] });
  });

  it('have all their faults told at once, and no secret', () => {
    const lines = linesOf(
      {
        store: 'none:',
        cach: true,
        namespace: 'a b',
        sessions: { secrets: ['short'], absolute_ttl_seconds: 100 },
        rate_limit: { limit: 0 },
        gate: { authority: 'wagtail', url: 'nowhere' },
        services: { 'A b': { origin: 'https://a.example' }, b: { origin: 'b', cors: {} } },
      },
      { SESSION_IDLE_TTL: 'long', LOGGING_LEVEL: 'loud', SESSION_MODE: 'jot' },
    );
    expect(lines).toEqual([
      expect.stringMatching(/^store: found "none:"; accepted: memory:/),
      'namespace: found "a b"; accepted: at most 64 characters of A-Z, a-z, 0-9, _, . and -, default empty',
      'LOGGING_LEVEL (logging_level): found "loud"; accepted: detailed, aggregate or minimal, default aggregate',
      'sessions.secrets[0]: found a value of 5 characters; accepted: a secret of 32 to 1024 characters',
      'SESSION_MODE (sessions.mode): found "jot"; accepted: store or jwt, default store',
      expect.stringMatching(
        /^SESSION_IDLE_TTL \(sessions.idle_ttl_seconds\): found "long"; accepted: a whole/,
      ),
      'gate.url: found "nowhere"; accepted: an http or https URL without credentials, query or fragment',
      'rate_limit.limit: found 0; accepted: a whole number of requests from 1 to 1000000000',
      expect.stringMatching(/^services\["A b"\]: found the name "A b"; accepted: a name of a-z/),
      expect.stringMatching(/^services.b.origin: found "b"; accepted: an http/),
      'services.b.cors: unknown key; accepted: origin, cache, timeouts, origin_limit',
      expect.stringMatching(/^cach: unknown key; accepted: store, /),
    ]);
  });

  it('do not contradict each other', () => {
    const lines = linesOf(
      {
        store: 'redis://a',
        store_tls: { cert_file: 'a.pem' },
        sessions: { absolute_ttl_seconds: 100, cookie: { same_site: 'None', secure: false } },
        services: {
          gate: { origin: 'https://a.example', cache: { force: true } },
          b: { origin: 'https://a.example' },
        },
      },
      { SESSION_IDLE_TTL: '600' },
    );
    expect(lines).toEqual([
      'store_tls: found beside a store without TLS; accepted: a store of rediss or valkeys',
      'store_tls.key_file: missing; accepted: a readable file, needed beside cert_file',
      'sessions.absolute_ttl_seconds: found 100; accepted: at least idle_ttl_seconds, which is 600',
      expect.stringMatching(/^sessions.cookie.same_site: found "None" beside secure: false/),
      expect.stringMatching(/^services.gate.cache.ttl_seconds: missing/),
    ]);
    expect(linesOf({ store: 'kv-rest:' })[0]).toMatch(
      /^KV_REST_API_URL, KV_REST_API_TOKEN \(store\): not set/,
    );
  });

  it('have a gate for the sessions of another system, with what an application can do', () => {
    expect(linesOf({ gate: { authority: 'http' } })).toEqual([
      "gate.url: missing; accepted: the authority's URL, needed for http",
    ]);
    expect(linesOf({ sessions: {}, gate: { authority: 'own', logout_path: '/logout' } })).toEqual([
      'gate.logout_path: found in an application; accepted: this of a service of a server alone',
      'gate.authority: found "own" in an application; accepted: the authority of another system; own sessions are those of sessions',
    ]);
  });

  it('need the secrets of sessions in production alone', () => {
    const production = { NODE_ENV: 'production' };
    expect(linesOf({ sessions: {} })).toEqual([]);
    expect(linesOf({ sessions: {} }, production)).toEqual([
      'SESSION_SECRET (sessions.secrets): missing; accepted: 1 to 8 secrets of 32 to 1024 characters each',
    ]);
    expect(linesOf({ sessions: {} }, { ...production, SESSION_SECRET: SECRET })).toEqual([]);
    expect(linesOf({}, production)).toEqual([]);
  });

  it.each([null, 7, []])('are a mapping, and not %s', (options) => {
    expect(linesOf(options)).toEqual([expect.stringMatching(/; accepted: a mapping of store, /)]);
  });
});
