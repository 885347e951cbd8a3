import fastify from 'fastify';

interface Media {
  readonly schema: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

interface Content {
  readonly content?: Readonly<Record<string, Media>>;
}

export interface DocumentedOperation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly security?: unknown;
  readonly responses: Readonly<Record<string, Content>>;
  readonly requestBody?: Content;
}

/** An OpenAPI document, as far as tests look at it. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly security?: unknown;
  readonly tags: readonly { readonly name: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

export const operationsOf = ({ paths }: OpenApiDocument) =>
  Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );

/** Checks values by schemas of a document. */
export function createDocumentChecker(given: OpenApiDocument) {
  const named = JSON.stringify(given).replaceAll(/#\/components\/schemas\/(\w+)/g, '$1#');
  const document: OpenApiDocument = JSON.parse(named);
  const server = fastify({
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allowUnionTypes: true } },
  });
  for (const [$id, schema] of Object.entries(document.components.schemas))
    server.addSchema({ $id, ...schema });
  let schema: object;
  server.post('/', async (request, reply) => {
    const validate = request.compileValidationSchema(schema as Record<string, unknown>);
    const faults = validate(request.body) ? [] : validate.errors;
    return reply.send({ faults });
  });
  return {
    /** The same with references that the checker knows. */
    document,
    /** What of a value is not as its schema says. */
    async faults(by: object, value: unknown): Promise<unknown> {
      schema = by;
      const payload = JSON.stringify(value);
      const headers = { 'content-type': 'application/json' };
      return (await server.inject({ method: 'POST', url: '/', headers, payload })).json().faults;
    },
    close: () => server.close(),
  };
}
