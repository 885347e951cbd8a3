import type { FastifyInstance } from 'fastify';
import { answeredInTime } from './answered-in-time.ts';
import {
  count,
  type JsonSchema,
  jsonAnswer,
  NO_PARAMETERS,
  number,
  numberOrNull,
  objectOf,
  textOrNull,
} from './documented.ts';
import type { Operations } from './operations.ts';

/** `GET /stats`. */
export function addStatsRoutes(server: FastifyInstance, { stats }: Pick<Operations, 'stats'>): void {
  server.addSchema({ $id: 'Stats', ...STATS });
  server.get('/stats', { schema: DOCUMENTED }, async () => answeredInTime(stats()));
}

const COUNTS = {
  hit_rate: {
    ...number('Hits of hits and misses, with 3 decimals; 0 where nothing was asked for'),
    maximum: 1,
  },
  total_hits: count('Requests answered from the cache'),
  total_misses: count('Requests for which the cache was asked in vain'),
};

const ESTIMATE: JsonSchema = {
  type: ['object', 'null'],
  description: 'A mean from the sample, with the interval that holds the true one in 95 of 100 samples',
  properties: { value: { type: 'number' }, low: { type: 'number' }, high: { type: 'number' } },
  required: ['value', 'low', 'high'],
  additionalProperties: false,
};

const SAMPLE: JsonSchema = {
  type: ['object', 'null'],
  description: 'What entries, size and lifetime were estimated from',
  properties: {
    size: count('Entries that were looked at'),
    average_ttl_remaining: ESTIMATE,
    cache_size_bytes: ESTIMATE,
  },
  required: ['size', 'average_ttl_remaining', 'cache_size_bytes'],
  additionalProperties: false,
};

const ON = objectOf(
  {
    enabled: { type: 'boolean', enum: [true] },
    storage_type: {
      type: 'string',
      enum: ['memory', 'lmdb', 'redis', 'kv-rest', 'none'],
      description: 'Where the cache lies; `redis` for Valkey too, `none` where nothing is stored',
    },
    statistics_storage: {
      type: 'string',
      enum: ['memory', 'redis'],
      description: 'Where these counts are kept: in this server, or in the store for all',
    },
    redis_url: textOrNull('The store without its credentials; null where it is no server'),
    ...COUNTS,
    total_requests: count('Hits and misses'),
    total_entries: {
      type: ['integer', 'null'],
      description: 'null here and below: the store could not be asked',
    },
    cache_size_bytes: { type: ['integer', 'null'], description: 'Bytes' },
    cache_size_mb: numberOrNull('MiB, with 1 decimal'),
    average_ttl_remaining: numberOrNull('Seconds; null too where nothing is stored'),
    average_ttl_remaining_hours: numberOrNull('Hours, with 1 decimal'),
    per_service: {
      type: 'object',
      description: 'The same counts by the name of the service',
      additionalProperties: objectOf(COUNTS),
    },
    sample: SAMPLE,
  },
  { title: 'Statistics' },
);

const STATS: JsonSchema = {
  oneOf: [ON, objectOf({ enabled: { type: 'boolean', enum: [false] } }, { title: 'Statistics are off' })],
};

const COUNTED = { hit_rate: 0.667, total_hits: 10, total_misses: 5 };
const EXAMPLE = {
  ...{ enabled: true, storage_type: 'redis', statistics_storage: 'redis', redis_url: 'redis://cache:6379' },
  ...{ ...COUNTED, total_requests: 15, total_entries: 5, cache_size_bytes: 51_200, cache_size_mb: 0 },
  ...{ average_ttl_remaining: 43_200, average_ttl_remaining_hours: 12, per_service: { anime: COUNTED } },
  sample: {
    size: 5,
    average_ttl_remaining: { value: 43_200, low: 43_000, high: 43_400 },
    cache_size_bytes: { value: 51_200, low: 51_200, high: 51_200 },
  },
};

const DOCUMENTED = {
  operationId: 'stats',
  summary: 'What the cache has done and holds',
  description: 'Of all workers; of all servers on the store where the statistics are kept there.',
  tags: ['Cache'],
  querystring: NO_PARAMETERS,
  response: { 200: jsonAnswer('The statistics', { $ref: 'Stats#' }, EXAMPLE) },
};
