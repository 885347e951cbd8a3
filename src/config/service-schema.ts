import * as z from 'zod';
import type { Transform } from '../gateway/transform.ts';
import { accepts } from './accepted.ts';
import { cacheSchema } from './cache-schema.ts';
import { DEFAULT_LIMITS, DEFAULT_RULES } from './default-limits.ts';
import { fieldName, fields, method, protocol } from './fields.ts';
import { gateSchema } from './gate-schema.ts';
import { httpUrl, pathPrefix, webOrigin } from './network.ts';
import { choice, DAY_SECONDS, flag, listOf, orOff, patterned, text, wholeNumber } from './scalars.ts';

const cors = z.strictObject({
  origins: listOf(webOrigin(), 'web origins').default([]),
  development_origins: listOf(webOrigin(), 'web origins').default([]),
  missing_origin: choice(['refuse', 'allow']).default('refuse'),
  credentials: flag().default(true),
  allow_headers: listOf(fieldName(), 'header field names').default([]),
  expose_headers: listOf(fieldName(), 'header field names').default([]),
  max_age_seconds: wholeNumber('seconds', 0, DAY_SECONDS).default(600),
});

function rateRule({ limit, window_seconds: seconds }: { limit: number; window_seconds: number }) {
  const rule = z.strictObject({
    limit: wholeNumber('requests', 1, 1_000_000_000).default(limit),
    window_seconds: wholeNumber('seconds', 1, DAY_SECONDS).default(seconds),
  });
  return orOff(rule, 'a mapping of limit and window_seconds').prefault({});
}

const rateLimit = z.strictObject({
  session: rateRule(DEFAULT_RULES.session),
  address: rateRule(DEFAULT_RULES.address),
  strict: flag().default(DEFAULT_LIMITS.strict),
});

const forward = z.strictObject({
  headers: accepts(
    z.union([z.literal('all'), z.array(fieldName())]),
    'all, or a list of header field names',
  ).optional(),
  cookies: flag().optional(),
  authorization: flag().optional(),
});

const limitMs = (ms: number) => wholeNumber('milliseconds', 1, 600_000).default(ms);
const timeouts = z.strictObject({
  connect_ms: limitMs(5_000),
  headers_ms: limitMs(30_000),
  body_ms: limitMs(30_000),
  stall_ms: limitMs(30_000),
  collapse_ms: limitMs(10_000),
});

function transformFunction<Name extends keyof Transform>() {
  const schema = z.custom<NonNullable<Transform[Name]>>((found) => typeof found === 'function');
  return accepts(schema, 'a function (in a .ts or .js configuration)');
}

const moduleFile = () => text((found) => found.trim() !== '', 'the path of a .ts or .js file');

const transformBlock = z.strictObject({
  module: moduleFile().optional(),
  options: accepts(z.record(z.string(), z.unknown()), 'a mapping').default({}),
  request: transformFunction<'request'>().optional(),
  response: transformFunction<'response'>().optional(),
});

const transform = accepts(
  z.union([moduleFile().transform((module) => transformBlock.parse({ module })), transformBlock]),
  'the path of a .ts or .js file, or a mapping of module and options',
);

const budgetRule = z.strictObject({
  limit: wholeNumber('requests', 1, 1_000_000_000),
  window_seconds: wholeNumber('seconds', 1, DAY_SECONDS).default(1),
});

/** How often an origin may be asked, by all processes together. */
const originLimit = z.strictObject({
  rules: listOf(budgetRule, 'mappings of limit and window_seconds').min(1).max(8),
  wait_ms: wholeNumber('milliseconds', 0, 600_000).default(5_000),
  shared_as: patterned(
    /^[a-z][a-z0-9_-]{0,62}$/,
    'a name of a-z, 0-9, _ and -, 63 characters at most',
  ).optional(),
});

/** One origin with its policy. */
export const serviceSchema = z.strictObject({
  path: pathPrefix().prefault('/'),
  strip_path: flag().default(true),
  origin: httpUrl(),
  methods: listOf(method(), 'HTTP methods in capitals').optional(),
  request_headers: fields().default({}),
  response_headers: fields().default({}),
  cors: cors.optional(),
  session: gateSchema.optional(),
  rate_limit: rateLimit.optional(),
  cache: orOff(cacheSchema, `a mapping of ${Object.keys(cacheSchema.shape).join(', ')}`).prefault({}),
  forward: forward.prefault({}),
  timeouts: timeouts.prefault({}),
  origin_limit: originLimit.optional(),
  connections: wholeNumber('', 1, 65_536).default(10_000),
  upgrade: orOff(listOf(protocol(), 'protocols'), 'a list of protocols such as websocket').default('off'),
  transform: transform.optional(),
});
