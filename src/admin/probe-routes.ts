import type { FastifyInstance } from 'fastify';
import type { AdminSources } from './admin-sources.ts';
import { answeredInTime } from './answered-in-time.ts';
import { type JsonSchema, jsonAnswer, objectOf, text } from './documented.ts';

// Shorter than a scrape is waited for (10 s).
const DEADLINE_MS = 8_000;

/** `GET /healthz`, `/readyz` and `/metrics`. Parameters that a monitoring adds are let be. */
export function addProbeRoutes(server: FastifyInstance, sources: AdminSources): void {
  server.get('/healthz', { schema: HEALTHZ }, async () => ({ status: 'ok' }));
  server.get('/readyz', { schema: READYZ }, async (_request, reply) => {
    const ready = sources.isReady();
    const workers = sources.workers?.();
    const store = await sources.storeStatus();
    const sessions = await sources.sessions?.status();
    const status = ready ? 'ready' : 'not ready';
    const answer = { status, store, ...(sessions && { sessions }), ...(workers && { workers }) };
    return reply.code(ready ? 200 : 503).send(answer);
  });
  const { metrics } = sources;
  if (metrics === undefined) return;
  server.get('/metrics', { schema: METRICS }, async (_request, reply) => {
    const { contentType, text } = await answeredInTime(metrics(), DEADLINE_MS);
    return reply.type(contentType).send(text);
  });
}

const HEALTHZ = {
  operationId: 'healthz',
  summary: 'Whether the process lives',
  tags: ['Server'],
  security: [],
  response: {
    200: jsonAnswer('It does', objectOf({ status: { type: 'string', enum: ['ok'] } }), { status: 'ok' }),
  },
};

const STORE = objectOf({
  type: text('The kind of store; none where nothing is stored'),
  state: { type: 'string', enum: ['available', 'unwritable', 'away', 'none'] },
});

const READINESS: JsonSchema = {
  type: 'object',
  properties: {
    status: { type: 'string', enum: ['ready', 'not ready'] },
    store: STORE,
    sessions: {
      type: 'object',
      description: 'How own sessions are judged, where there are any',
      additionalProperties: true,
    },
    workers: {
      type: 'object',
      description: 'How many of several workers serve, where there are any',
      properties: { ready: { type: 'integer' }, configured: { type: 'integer' } },
    },
  },
  required: ['status', 'store'],
  additionalProperties: false,
};

const READY = { status: 'ready', store: { type: 'redis', state: 'available' } };

const READYZ = {
  operationId: 'readyz',
  summary: 'Whether requests can be served',
  description: 'A store that is away does not stop that, and is named.',
  tags: ['Server'],
  security: [],
  response: {
    200: jsonAnswer('They can', READINESS, READY),
    503: jsonAnswer('It starts, or stops', READINESS, { ...READY, status: 'not ready' }),
  },
};

const METRICS = {
  operationId: 'metrics',
  summary: 'What is measured',
  description: 'In the text format of Prometheus, of all workers together.',
  tags: ['Server'],
  response: {
    200: {
      description: 'The metrics',
      content: {
        'text/plain': { schema: { type: 'string' }, example: 'cachegate_build_info{version="1.0.0"} 1\n' },
      },
    },
  },
};
