import * as z from 'zod';
import { LISTEN_FORMS } from '../listen/listen-address.ts';
import { accepts, acceptsSecret } from './accepted.ts';
import { listenAddress, network, storeUrl } from './network.ts';
import { choice, listOf, orOff, patterned, text, wholeNumber } from './scalars.ts';
import { serviceSchema } from './service-schema.ts';

const file = () => text((found) => found.trim() !== '', 'the path of a readable file');

const services = z
  .record(
    patterned(
      /^[a-z][a-z0-9_-]{0,62}$/,
      'a name of a-z, 0-9, _ and -, 63 characters at most, a letter first',
    ),
    serviceSchema,
  )
  .refine((found) => Object.keys(found).length > 0);

/** The configuration: the one source of its keys, ranges, defaults, types and faults. */
export const configSchema = z.strictObject({
  $schema: accepts(z.string(), "the address of this file's JSON Schema").optional(),
  listen: listenAddress().prefault('127.0.0.1:8080'),
  tls: z.strictObject({ cert_file: file(), key_file: file() }).optional(),
  admin_listen: orOff(listenAddress(), LISTEN_FORMS).prefault('127.0.0.1:9180'),
  store: storeUrl().default('memory:'),
  store_timeout_ms: wholeNumber('milliseconds', 10, 10_000).default(250),
  memory_limit_mib: wholeNumber('MiB', 1, 65_536).default(256),
  namespace: patterned(
    /^[A-Za-z0-9_.-]{0,64}$/,
    'at most 64 characters of A-Z, a-z, 0-9, _, . and -',
  ).default(''),
  hash_key: acceptsSecret(z.string().min(16).max(1_024), 'a secret of 16 to 1024 characters').optional(),
  trusted_proxies: listOf(network(), 'IP addresses and CIDRs').default([]),
  mode: choice(['safe', 'rfc']).default('safe'),
  shutdown_timeout_ms: wholeNumber('milliseconds', 0, 600_000).default(10_000),
  logging_level: choice(['detailed', 'aggregate', 'minimal']).default('aggregate'),
  services: accepts(services, 'a mapping of at least one service by its name'),
});

/** The configuration as it is used: environment expanded, defaults filled in, files named absolutely. */
export type Config = z.output<typeof configSchema>;
export type ServiceConfig = Config['services'][string];

/** The configuration as it is written. */
export type ConfigInput = z.input<typeof configSchema>;
