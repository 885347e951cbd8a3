import * as z from 'zod';
import { LISTEN_FORMS } from '../listen/listen-address.ts';
import { accepts, acceptsSecret } from './accepted.ts';
import { listenAddress, network, storeUrl } from './network.ts';
import { purgeSchema } from './purge-schema.ts';
import { bearerToken, choice, flag, listOf, orOff, patterned, text, wholeNumber } from './scalars.ts';
import { serviceSchema } from './service-schema.ts';
import { sessionsSchema } from './sessions-schema.ts';
import { warmSchema } from './warm-schema.ts';

const file = () => text((found) => found.trim() !== '', 'the path of a readable file');

const MAX_WORKERS = 256;
const workers = accepts(
  z.union([z.literal('auto'), z.int().min(1).max(MAX_WORKERS)]),
  `a whole number from 1 to ${MAX_WORKERS}, or auto`,
);

const services = z
  .record(
    patterned(
      /^(?!values$)[a-z][a-z0-9_-]{0,62}$/,
      'a name of a-z, 0-9, _ and -, 63 characters at most, a letter first, and not values',
    ),
    serviceSchema,
  )
  .refine((found) => Object.keys(found).length > 0);

const nearCache = z.strictObject({
  max_age_ms: wholeNumber('milliseconds', 10, 60_000).default(1_000),
});

/** The configuration: the one source of its keys, ranges, defaults, types and faults. */
export const configSchema = z.strictObject({
  $schema: accepts(z.string(), "the address of this file's JSON Schema").optional(),
  listen: listenAddress().prefault('127.0.0.1:8080'),
  tls: z.strictObject({ cert_file: file(), key_file: file() }).optional(),
  workers: workers.default(1),
  admin_listen: orOff(listenAddress(), LISTEN_FORMS).prefault('127.0.0.1:9180'),
  admin_token: bearerToken().optional(),
  store: storeUrl().default('memory:'),
  store_timeout_ms: wholeNumber('milliseconds', 10, 10_000).default(250),
  store_tls: z
    .strictObject({ ca_file: file().optional(), cert_file: file().optional(), key_file: file().optional() })
    .optional(),
  memory_limit_mib: wholeNumber('MiB', 1, 65_536).default(256),
  disk_limit_mib: wholeNumber('MiB', 16, 1_048_576).default(1_024),
  near_cache: orOff(nearCache, 'a mapping of max_age_ms').prefault({}),
  namespace: patterned(
    /^[A-Za-z0-9_.-]{0,64}$/,
    'at most 64 characters of A-Z, a-z, 0-9, _, . and -',
  ).default(''),
  hash_key: acceptsSecret(z.string().min(16).max(1_024), 'a secret of 16 to 1024 characters').optional(),
  trusted_proxies: listOf(network(), 'IP addresses and CIDRs').default([]),
  purge: orOff(purgeSchema, 'a mapping of addresses, token or both').default('off'),
  mode: choice(['safe', 'rfc']).default('safe'),
  shutdown_timeout_ms: wholeNumber('milliseconds', 0, 600_000).default(10_000),
  logging_level: choice(['detailed', 'aggregate', 'minimal']).default('aggregate'),
  log_cache_hits: flag().default(true),
  log_cache_misses: flag().default(true),
  log_ttl_info: flag().default(false),
  log_timing_metrics: flag().default(true),
  aggregate_log_interval: wholeNumber('requests', 1, 1_000_000_000).default(100),
  statistics_enabled: flag().default(true),
  statistics_storage: choice(['memory', 'redis']).default('memory'),
  statistics_sample_size: wholeNumber('keys', 10, 10_000).default(100),
  metrics: flag().default(true),
  warm: warmSchema.prefault({}),
  sessions: sessionsSchema.optional(),
  services: accepts(services, 'a mapping of at least one service by its name'),
});

/** The configuration as it is used: environment expanded, defaults filled in, files named absolutely. */
export type Config = z.output<typeof configSchema>;
export type ServiceConfig = Config['services'][string];

/** The configuration as it is written. */
export type ConfigInput = z.input<typeof configSchema>;
