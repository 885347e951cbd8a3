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
      admin_listen: { kind: 'tcp', host: '127.0.0.1', port: 9180 },
      store: 'memory:',
      store_timeout_ms: 250,
      memory_limit_mib: 256,
      namespace: '',
      trusted_proxies: [],
      shutdown_timeout_ms: 10_000,
      logging_level: 'aggregate',
    });
  });

  it('of a service: cached as the origin says, with no session, limit or web origin', () => {
    expect(serviceOf({})).toEqual({
      path: '/',
      strip_path: true,
      origin,
      request_headers: {},
      response_headers: {},
      cache: { force: false, negative_ttl_seconds: {}, max_body_bytes: 8_388_608 },
      forward: {},
      timeouts: { connect_ms: 5_000, headers_ms: 30_000, body_ms: 30_000 },
      connections: 64,
    });
  });

  it('of the blocks that are there only when written', () => {
    expect(serviceOf({ cors: {} }).cors).toEqual({
      origins: [],
      development_origins: [],
      missing_origin: 'refuse',
      credentials: true,
      allow_headers: [],
      max_age_seconds: 600,
    });
    expect(serviceOf({ session: { authority: 'wagtail', url: origin } }).session).toEqual({
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
  expect(serviceOf({ rate_limit: { session: 'off' } }).rate_limit?.session).toBe('off');
});

it('takes /api/ and /api for one prefix', () => {
  expect(serviceOf({ path: '/api/' }).path).toBe('/api');
  expect(serviceOf({ path: '/' }).path).toBe('/');
});

it('reads a transform that is only a file as its module', () => {
  expect(serviceOf({ transform: './a.ts' }).transform).toEqual({ module: './a.ts', options: {} });
});

describe('says of every value what is accepted', () => {
  it.each(leavesOf(configSchema, []))('%s', (_path, schema) => {
    expect(leafOf(schema)?.accepted).toMatch(/\S/);
  });
});

it('knows defaults, secrets and types by path', () => {
  const at = (...path: string[]) => expectationAt(configSchema, path);
  expect(at('services', 'x', 'connections')).toMatchObject({
    fallback: '64',
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
  expect(at('tls', 'key_file').secret).toBe(false);
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
