import type { FastifyInstance } from 'fastify';
import {
  type JsonSchema,
  jsonAnswer,
  listOf,
  NO_PARAMETERS,
  objectOf,
  text,
  textOrNull,
} from './documented.ts';
import type { Operations } from './operations.ts';

/** `GET /services` and `GET /config`. */
export function addServiceRoutes(
  server: FastifyInstance,
  { services, config }: Pick<Operations, 'services' | 'config'>,
): void {
  server.addSchema({ $id: 'Service', ...SERVICE });
  server.get('/services', { schema: SERVICES }, async () => ({ services: services() }));
  server.get('/config', { schema: CONFIG }, async () => config());
}

const SERVICE: JsonSchema = objectOf({
  name: { type: 'string' },
  path: text('The paths that are its own begin so'),
  origin: text('Without credentials'),
  methods: {
    oneOf: [
      { type: 'array', items: { type: 'string' } },
      { type: 'string', enum: ['all'] },
    ],
    description: 'Methods that it lets through',
  },
  session: textOrNull('Who is asked whose a session is; null: it takes any caller'),
  cache: { type: 'string', enum: ['on', 'off'] },
  rate_limit: {
    type: 'object',
    additionalProperties: { type: 'string' },
    description: 'Limits on callers, in words, by what they are counted by',
  },
  origin_limit: textOrNull("The origin's budget, in words; null: it has none"),
});

const EXAMPLE = {
  services: [
    {
      ...{ name: 'anime', path: '/api/anime', origin: 'https://api.jikan.moe', methods: ['GET', 'HEAD'] },
      ...{ session: null, cache: 'on', rate_limit: { address: '20 in 60 s' }, origin_limit: '3 in 1 s' },
    },
  ],
};

const SERVICES = {
  operationId: 'services',
  summary: 'What is served, and by which rules',
  tags: ['Server'],
  querystring: NO_PARAMETERS,
  response: {
    200: jsonAnswer('The services', objectOf({ services: listOf({ $ref: 'Service#' }, 'By name') }), EXAMPLE),
  },
};

const CONFIG = {
  operationId: 'config',
  summary: 'The configuration in force',
  description: 'With the defaults filled in; every secret in it is `[redacted]`.',
  tags: ['Server'],
  querystring: NO_PARAMETERS,
  response: {
    200: jsonAnswer(
      'The configuration, by the keys of the file',
      { type: 'object', additionalProperties: true },
      { listen: '127.0.0.1:8080', hash_key: '[redacted]', services: {} },
    ),
  },
};
