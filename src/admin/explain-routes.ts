import type { FastifyInstance } from 'fastify';
import { CachegateError } from '../errors.ts';
import { answeredInTime } from './answered-in-time.ts';
import { jsonAnswer } from './documented.ts';
import { EXPLANATION, EXPLANATION_EXAMPLE } from './explanation-schema.ts';
import type { Operations } from './operations.ts';

interface Query {
  readonly url: string;
  readonly method?: string;
  readonly header?: readonly string[];
}

/** `GET /explain?url=…`. */
export function addExplainRoutes(server: FastifyInstance, { explain }: Pick<Operations, 'explain'>): void {
  server.addSchema({ $id: 'Explanation', ...EXPLANATION });
  server.get('/explain', { schema: DOCUMENTED }, async (request) => {
    const { url, method, header = [] } = request.query as Query;
    const headers = fieldsOf(header);
    return answeredInTime(explain({ url, ...(method !== undefined && { method }), headers }));
  });
}

const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*)$/;

/** Fields by their names in lower case; several of one name are one list, as RFC 9110 §5.3 has it. */
function fieldsOf(lines: readonly string[]): Record<string, string> {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const [, written, value = ''] = FIELD.exec(line) ?? [];
    if (written === undefined) throw new CachegateError('ERR_EXPLAIN_INVALID', NOT_A_FIELD);
    const name = written.toLowerCase();
    const known = fields.get(name);
    fields.set(name, known === undefined ? value.trim() : `${known}, ${value.trim()}`);
  }
  return Object.fromEntries(fields);
}

const NOT_A_FIELD = 'header: found what is no field; accepted: Name: value';

const DOCUMENTED = {
  operationId: 'explain',
  summary: 'What the cache holds for a request, and what the next one would do',
  description:
    'Nothing is changed by asking, and no origin is asked. The answer is for who is let in. Fields of a request that hold ' +
    'secrets are better not named here, where proxies may log them.',
  tags: ['Cache'],
  querystring: {
    type: 'object',
    properties: {
      url: {
        type: 'string',
        ...{ minLength: 1, maxLength: 8_192, examples: ['/api/anime/5114'] },
        description: 'A path of this server with its query, or a URL of which the host says nothing',
      },
      method: { type: 'string', minLength: 1, maxLength: 64, description: 'GET where it is left out' },
      header: {
        type: 'array',
        items: { type: 'string' },
        maxItems: 64,
        description: 'A field of the request, `Name: value`; may be given several times',
      },
    },
    required: ['url'],
    additionalProperties: false,
  },
  response: { 200: jsonAnswer('The explanation', { $ref: 'Explanation#' }, EXPLANATION_EXAMPLE) },
};
