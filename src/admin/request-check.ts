import type { FastifyInstance, FastifyRequest } from 'fastify';
import { requestFault, type SchemaFinding } from './request-faults.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the route says of itself. */
    documented?: FastifySchema;
  }
}

/**
 * Checks requests by the schemas of the routes that are added after it. A schema is compiled when it is first needed: all of
 * them together would take longer than the rest of the server's start.
 */
export function checkRequests(server: FastifyInstance): void {
  server.addHook('onRoute', (route) => {
    const { schema, config } = route;
    if (schema === undefined || schema.hide) return;
    route.config = { ...config, documented: schema };
    route.schema = {};
  });
  server.addHook('preValidation', async (request) => {
    const { documented } = request.routeOptions.config;
    if (documented === undefined) return;
    check(request, 'params', documented.params, request.params);
    check(request, 'querystring', documented.querystring, request.query);
    check(request, 'body', documented.body, request.body);
  });
}

type Part = 'params' | 'querystring' | 'body';

function check(request: FastifyRequest, part: Part, schema: unknown, value: unknown): void {
  if (schema === undefined) return;
  const validate = request.compileValidationSchema(schema as Record<string, unknown>, part);
  if (!validate(value)) throw new UnacceptableRequest(requestFault(validate.errors as SchemaFinding[], part));
}

class UnacceptableRequest extends Error {
  readonly statusCode = 400;
}
