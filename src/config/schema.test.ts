import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { leafOf } from './accepted.ts';
import { type ConfigInput, configSchema } from './schema.ts';
import { expectationAt } from './schema-lookup.ts';

const origin = 'https://a.example';

function parse(input: Omit<ConfigInput, 'services'>, service: Partial<ConfigInput['services'][string]> = {}) {
  return configSchema.parse({ ...input, services: { api: { origin, ...service } } });
}

const serviceOf = (service: Partial<ConfigInput['services'][string]>) => parse({}, service).services.api!;

describe('the defaults', () => {
  it('of the server', () => {
    const { services: _, ...server } = parse({});
    expect(server).toEqual({
      listen: { kind: 'tcp', host: '127.0.0.1', port: 8080 },
      workers: 1,
      admin_listen: { kind: 'tcp', host: '127.0.0.1', port: 9180 },
      store: 'memory:',
      store_timeout_ms: 250,
      memory_limit_mib: 256,
      disk_limit_mib: 1_024,
      near_cache: { max_age_ms: 1_000 },
      namespace: '',
      trusted_proxies: [],
      purge: 'off',
      mode: 'safe',
      shutdown_timeout_ms: 10_000,
      logging_level: 'aggregate',
      log_cache_hits: true,
      log_cache_misses: true,
      log_ttl_info: false,
      log_timing_metrics: true,
      aggregate_log_interval: 100,
      statistics_enabled: true,
      statistics_storage: 'memory',
      statistics_sample_size: 100,
      metrics: true,
      warm: { request_headers: {}, concurrency: 4 },
    });
  });

  it('of a service: cached as the origin says, with no session, limit or web origin', () => {
    expect(serviceOf({})).toEqual({
      path: '/',
      strip_path: true,
      origin,
      request_headers: {},
      response_headers: {},
      cache: {
        force: false,
        heuristic: true,
        targeted_headers: ['CDN-Cache-Control', 'Surrogate-Control'],
        negative_ttl_seconds: {},
        stale_if_disconnected_seconds: 60,
        retry_after_limit_seconds: 300,
        max_body_bytes: 8_388_608,
        methods: [],
        max_key_body_bytes: 65_536,
        tags: [],
        shared_by: 'all',
        compress: 'off',
        key: { sort_query: false, ignore_query: [], lower_case_path: false },
      },
      forward: {},
      timeouts: {
        connect_ms: 5_000,
        headers_ms: 30_000,
        body_ms: 30_000,
        stall_ms: 30_000,
        collapse_ms: 10_000,
      },
      connections: 10_000,
      upgrade: 'off',
    });
  });

  it('of the blocks that are there only when written', () => {
    expect(serviceOf({ cors: {} }).cors).toEqual({
      origins: [],
      development_origins: [],
      missing_origin: 'refuse',
      credentials: true,
      allow_headers: [],
      expose_headers: [],
      max_age_seconds: 600,
    });
    expect(serviceOf({ session: { authority: 'wagtail', url: origin } }).session).toMatchObject({
      authority: 'wagtail',
      name: 'Wagtail',
      url: origin,
      path: '/',
      cookie: 'sessionid',
      timeout_ms: 5_000,
      cache: true,
      cache_ttl_seconds: 300,
      id_in_key: 'plain',
    });
    expect(serviceOf({ rate_limit: {} }).rate_limit).toEqual({
      session: { limit: 10, window_seconds: 10 },
      address: { limit: 60, window_seconds: 10 },
      strict: false,
    });
  });
});

it('names an authority after its kind unless a name is given', () => {
  const nameOf = (session: Partial<NonNullable<ConfigInput['services'][string]['session']>>) =>
    serviceOf({ session: { authority: 'http', url: origin, ...session } }).session?.name;
  expect(nameOf({ authority: 'django' })).toBe('Django');
  expect(nameOf({})).toBe('the authority');
  expect(nameOf({ name: 'Keycloak' })).toBe('Keycloak');
});

it('keeps what is off as the word', () => {
  expect(parse({ admin_listen: 'off' }).admin_listen).toBe('off');
  expect(serviceOf({ cache: 'off' }).cache).toBe('off');
  expect(serviceOf({ upgrade: 'off' }).upgrade).toBe('off');
  expect(serviceOf({ rate_limit: { session: 'off' } }).rate_limit?.session).toBe('off');
});

it('takes /api/ and /api for one prefix', () => {
  expect(serviceOf({ path: '/api/' }).path).toBe('/api');
  expect(serviceOf({ path: '/' }).path).toBe('/');
});

it('reads a transform that is only a file as its module', () => {
  expect(serviceOf({ transform: './a.ts' }).transform).toEqual({ module: './a.ts', options: {} });
});

const isService = (service: Record<string, unknown>) =>
  configSchema.safeParse({ services: { api: { origin, ...service } } }).success;

describe('a query parameter that the key ignores', () => {
  it.each(['a', 'utm_*', '*', 'filter[x]', 'é', 'a b', 'x'.repeat(256)])('may be %j', (name) => {
    expect(isService({ cache: { key: { ignore_query: [name] } } })).toBe(true);
  });

  it.each(['', '**', '*a', 'a*b', 'x'.repeat(257)])('cannot be %j', (name) => {
    expect(isService({ cache: { key: { ignore_query: [name] } } })).toBe(false);
  });
});

describe('the range', () => {
  it.each<[string, number, number, (value: number) => Record<string, unknown>]>([
    ['connections', 1, 65_536, (connections) => ({ connections })],
    ['timeouts.stall_ms', 1, 600_000, (stall_ms) => ({ timeouts: { stall_ms } })],
    ['cache.max_key_body_bytes', 1, 1_048_576, (max_key_body_bytes) => ({ cache: { max_key_body_bytes } })],
    [
      'cache.stale_if_disconnected_seconds',
      0,
      31_536_000,
      (stale_if_disconnected_seconds) => ({ cache: { stale_if_disconnected_seconds } }),
    ],
    [
      'cache.retry_after_limit_seconds',
      0,
      86_400,
      (retry_after_limit_seconds) => ({ cache: { retry_after_limit_seconds } }),
    ],
  ])('of %s is %i to %i', (_key, min, max, written) => {
    expect([min - 1, min, max, max + 1].map((value) => isService(written(value)))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});

describe('the token of a purge', () => {
  const isToken = (token: string) =>
    configSchema.safeParse({ purge: { token }, services: { api: { origin } } }).success;

  it.each(['0123456789abcdef', 'aB0-._~+/aB0-._~+/==', 'x'.repeat(1_024)])('may be %j', (token) => {
    expect(isToken(token)).toBe(true);
  });

  it.each([
    '',
    '0123456789abcde',
    'x'.repeat(1_025),
    '0123456789 abcdef',
    '0123456789=abcdef',
    '=='.repeat(8),
  ])('cannot be %j', (token) => {
    expect(isToken(token)).toBe(false);
  });
});

describe('a tag of a service', () => {
  it.each(['a', 'a b', '@{}', 'x'.repeat(1024)])('may be %j', (tag) => {
    expect(isService({ cache: { tags: [tag] } })).toBe(true);
  });

  // `Cache-Tag` could not name one with a comma.
  it.each(['', ' a', 'a ', 'a,b', 'news, sport', 'é', 'x'.repeat(1025)])('cannot be %j', (tag) => {
    expect(isService({ cache: { tags: [tag] } })).toBe(false);
  });
});

describe('a protocol that a connection may change to', () => {
  it.each(['websocket', 'tcp', 'spdy/3.1', 'h2x'])('may be %j', (protocol) => {
    expect(isService({ upgrade: [protocol] })).toBe(true);
  });

  it.each(['', 'WebSocket', 'a b', 'a/', '/1', 'a/1/2', 'h2', 'h2c', 'http/2.0', 'tls/1.3', 'tls'])(
    'cannot be %j',
    (protocol) => {
      expect(isService({ upgrade: [protocol] })).toBe(false);
    },
  );
});

describe('says of every value what is accepted', () => {
  it.each(leavesOf(configSchema, []))('%s', (_path, schema) => {
    expect(leafOf(schema)?.accepted).toMatch(/\S/);
  });
});

it('knows defaults, secrets and types by path', () => {
  const at = (...path: string[]) => expectationAt(configSchema, path);
  expect(at('services', 'x', 'connections')).toMatchObject({
    fallback: '10000',
    scalar: 'number',
    secret: false,
  });
  expect(at('services', 'x', 'session', 'cache')).toMatchObject({ fallback: 'true', scalar: 'boolean' });
  expect(at('services', 'x', 'rate_limit', 'address', 'limit')).toMatchObject({
    fallback: '60',
    scalar: 'number',
  });
  expect(at('services', 'x', 'request_headers', 'X-Any')).toMatchObject({ secret: true, scalar: 'text' });
  expect(at('hash_key').secret).toBe(true);
  expect(at('purge', 'token').secret).toBe(true);
  expect(at('tls', 'key_file').secret).toBe(false);
  expect(at('services', 'x', 'cache', 'key').secret).toBe(false);
  expect(at('services', 'x', 'cache', 'max_key_body_bytes').secret).toBe(false);
  expect(at('services', 'x', 'transform', 'options', 'api_key')).toMatchObject({
    secret: true,
    scalar: undefined,
  });
  expect(at('services', 'x', 'transform', 'options', 'size')).toMatchObject({
    accepted: undefined,
    secret: false,
  });
  expect(at('none', 'such')).toMatchObject({ accepted: undefined, keys: [] });
});

/** Every schema below that describes a value of its own, with what wraps it taken off. */
function leavesOf(schema: unknown, path: readonly string[]): [string, z.ZodType][] {
  if (schema instanceof z.ZodObject) {
    return Object.entries(schema.shape).flatMap(([key, value]) => leavesOf(value, [...path, key]));
  }
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return leavesOf(schema.unwrap(), path);
  }
  if (schema instanceof z.ZodUnknown || (schema instanceof z.ZodPipe && schema.in instanceof z.ZodObject)) {
    return schema instanceof z.ZodPipe ? leavesOf(schema.in, path) : [];
  }
  if (schema instanceof z.ZodRecord) {
    return [own(schema, path), ...leavesOf(schema.valueType, [...path, '*'])];
  }
  if (schema instanceof z.ZodUnion) {
    const blocks = schema.options.filter((option) => option instanceof z.ZodObject);
    return [own(schema, path), ...blocks.flatMap((block) => leavesOf(block, path))];
  }
  if (schema instanceof z.ZodArray) return [own(schema, path), ...leavesOf(schema.element, [...path, '0'])];
  if (schema instanceof z.ZodPipe && leafOf(schema) === undefined) return leavesOf(schema.in, path);
  return [own(schema as z.ZodType, path)];
}

function own(schema: z.ZodType, path: readonly string[]): [string, z.ZodType] {
  return [path.join('.'), schema];
}
