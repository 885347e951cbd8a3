import type { FastifyInstance } from 'fastify';
import type { PurgeRequest } from '../purge/purge-request.ts';
import { answeredInTime } from './answered-in-time.ts';
import { count, jsonAnswer, NO_PARAMETERS, objectOf } from './documented.ts';
import type { Operations } from './operations.ts';

/** `POST /purge`. */
export function addPurgeRoutes(server: FastifyInstance, { purge }: Pick<Operations, 'purge'>): void {
  server.post('/purge', { schema: DOCUMENTED }, async (request) =>
    answeredInTime(purge(request.body as PurgeRequest)),
  );
}

const BODY = {
  type: 'object',
  properties: {
    url: {
      type: 'string',
      ...{ minLength: 1, maxLength: 8_192 },
      description:
        'All that is stored for it; a path of this server with its query, or a URL whose host says nothing',
    },
    tags: {
      type: 'array',
      items: { type: 'string', minLength: 1, maxLength: 1_024 },
      ...{ minItems: 1, maxItems: 16 },
      description: 'All that has every one of them; a comma is part of a tag',
    },
    service: { type: 'string', minLength: 1, maxLength: 63, description: 'All of a service, by its name' },
    mode: {
      type: 'string',
      enum: ['hard', 'soft'],
      description: '`hard`, the default, deletes; `soft` marks as stale',
    },
    wait: {
      type: 'boolean',
      description: '`true`: answered when no process answers with it any more; `false` by default',
    },
  },
  additionalProperties: false,
  oneOf: [{ required: ['url'] }, { required: ['tags'] }, { required: ['service'] }],
  'x-examples': {
    url: { value: { url: '/news/1?page=2' } },
    tags: { value: { tags: ['news', 'sport'], mode: 'soft' } },
    service: { value: { service: 'library', wait: true } },
  },
};

const DOCUMENTED = {
  operationId: 'purge',
  summary: 'Takes stored responses out of the cache',
  description: 'In every process that shares the store. Where the store fails (503) it is to be repeated.',
  tags: ['Cache'],
  querystring: NO_PARAMETERS,
  body: BODY,
  response: {
    200: jsonAnswer(
      'It is done',
      objectOf({ purged: count('Resources of which something was stored; 0 is a success too') }),
      { purged: 3 },
    ),
  },
};
