import type { FastifyInstance } from 'fastify';
import { answeredInTime } from './answered-in-time.ts';
import { jsonAnswer, NO_PARAMETERS, number, objectOf, text, textOrNull } from './documented.ts';
import type { CacheTest } from './operations.ts';

/** `GET /cache-test`, for development alone: nowhere else is there a `test` to carry out. */
export function addCacheTestRoute(server: FastifyInstance, test: () => Promise<CacheTest>): void {
  server.get('/cache-test', { schema: DOCUMENTED }, async (_request, reply) => {
    const result = await answeredInTime(test());
    return reply.code(result.status === 'ok' ? 200 : 503).send(result);
  });
}

const { required, ...RESULT } = objectOf({
  status: { type: 'string', enum: ['ok', 'failed'] },
  store: text('The kind of store'),
  key: text('What was set'),
  ttl_seconds: number('After so many seconds it expires'),
  written: { type: 'string' },
  read: textOrNull('What came back'),
  error: text('Why it failed'),
});
const SCHEMA = { ...RESULT, required: (required as string[]).filter((name) => name !== 'error') };

const EXAMPLE = {
  ...{ status: 'ok', store: 'redis', key: 'test:{3q2-7w}', ttl_seconds: 10 },
  ...{ written: 'a1b2', read: 'a1b2' },
};

const DOCUMENTED = {
  operationId: 'cacheTest',
  summary: 'Sets a key that expires, and reads it back',
  tags: ['Development/Test'],
  querystring: NO_PARAMETERS,
  response: {
    200: jsonAnswer('The store works', SCHEMA, EXAMPLE),
    503: jsonAnswer('It does not', SCHEMA, {
      ...EXAMPLE,
      status: 'failed',
      read: null,
      error: 'Connection refused',
    }),
  },
};
