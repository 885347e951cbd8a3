import type { FastifyInstance } from 'fastify';
import { objectOf, text } from './documented.ts';

/** The version of what the document describes, not of the program: who only reads it need not know that. */
const API_VERSION = '1.0.0';

const TAGS = [
  { name: 'Cache', description: 'What it has done, holds and would do; and taking out of it' },
  { name: 'Warming', description: 'Fetching ahead' },
  { name: 'Sessions', description: "Applications' own sessions, where they are configured" },
  { name: 'Server', description: 'Health, metrics and configuration' },
  { name: 'Development/Test', description: 'There in development alone' },
];

const PROBLEM = objectOf(
  {
    type: { type: 'string', enum: ['about:blank'] },
    title: text('The status in words'),
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: text('What is wrong, and what is accepted'),
    code: text('Of the error, for programs; where it has one'),
  },
  { required: ['type', 'title', 'status', 'detail'], description: 'A problem (RFC 9457)' },
);

const PROBLEM_ANSWER = {
  description: 'What is wrong (RFC 9457)',
  content: {
    'application/problem+json': {
      schema: { $ref: '#/components/schemas/Problem' },
      example: {
        ...{ type: 'about:blank', title: 'Bad Request', status: 400 },
        detail: 'mode: found "x"; accepted: "hard" or "soft"',
      },
    },
  },
};

/** Makes `/openapi.json` of the routes that are added after it. @param hasToken whether callers need the token */
export async function addOpenApi(server: FastifyInstance, hasToken: boolean): Promise<void> {
  const { default: swagger } = await import('@fastify/swagger');
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'cachegate: the admin address',
        version: API_VERSION,
        description: 'What an operator can ask a running server, and have it do.',
      },
      tags: TAGS,
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: '`admin_token` of the configuration' },
        },
      },
      ...(hasToken && { security: [{ token: [] }] }),
    },
    refResolver: {
      buildLocalReference: ({ $id }, _base, _fragment, position) => String($id ?? `Part${position}`),
    },
    transform: ({ schema, url, route }) => ({ schema: route.config?.documented ?? schema, url }),
    transformObject: (made) => ('openapiObject' in made ? completed(made.openapiObject) : made.swaggerObject),
  });
  server.get('/openapi.json', { schema: { hide: true } }, async () => server.swagger());
}

/** Adds what all operations have in common, and leaves out tags that none has. */
function completed<Made extends Partial<Record<'paths' | 'components' | 'tags', unknown>>>(made: Made): Made {
  const used = new Set<string>();
  for (const item of Object.values((made.paths ?? {}) as Record<string, Record<string, Operation>>)) {
    for (const operation of Object.values(item)) {
      operation.responses = { ...operation.responses, default: PROBLEM_ANSWER };
      for (const tag of operation.tags ?? []) used.add(tag);
    }
  }
  const components = made.components as { schemas?: object };
  components.schemas = { Problem: PROBLEM, ...components.schemas };
  return { ...made, tags: TAGS.filter(({ name }) => used.has(name)) };
}

interface Operation {
  responses: object;
  readonly tags?: readonly string[];
}
