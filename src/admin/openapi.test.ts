import { Validator } from '@seriousme/openapi-schema-validator';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  createDocumentChecker,
  type OpenApiDocument,
  operationsOf,
} from '../../test/support/document-checker.ts';
import { askAdmin, fakeSources } from '../../test/support/fake-admin.ts';
import { fakeOperations } from '../../test/support/fake-operations.ts';
import { createAdmin } from './create-admin.ts';

let admin: FastifyInstance;
beforeAll(async () => {
  admin = await createAdmin(fakeSources(), '127.0.0.1');
});
afterAll(() => admin.close());

const documentOf = async (server = admin): Promise<OpenApiDocument> =>
  (await askAdmin(server, '/openapi.json')).body;

it('is valid, and describes every route', async () => {
  const document = await documentOf();
  expect(document.openapi).toBe('3.1.0');
  expect(
    await new Validator().validate(structuredClone(document) as object as Record<string, unknown>),
  ).toEqual({ valid: true });
  expect(Object.keys(document.paths).sort()).toEqual([
    ...['/cache-test', '/config', '/explain', '/healthz', '/metrics', '/purge', '/readyz', '/services'],
    ...[
      '/sessions',
      '/sessions/{reference}',
      '/stats',
      '/warm',
      '/warm-cache',
      '/warm/{id}',
      '/warm/{id}/events',
    ],
  ]);
  expect(document.paths['/cache-test']!.get!.tags).toEqual(['Development/Test']);
  const ids: string[] = [];
  for (const { operation } of operationsOf(document)) {
    ids.push(operation.operationId);
    expect(operation).toMatchObject({ summary: expect.any(String), tags: [expect.any(String)] });
    expect(operation.responses.default!.content!['application/problem+json']!.schema).toEqual({
      $ref: '#/components/schemas/Problem',
    });
  }
  expect(new Set(ids).size).toBe(ids.length);
});

it('has no test of the store, and nothing of sessions, where there are none', async () => {
  const bare = await createAdmin(
    fakeSources({ sessions: null, operations: { ...fakeOperations(), testCache: null } }),
    null,
  );
  const document = await documentOf(bare);
  expect(document.paths).not.toHaveProperty('/cache-test');
  expect(document.tags.map(({ name }) => name)).toEqual(['Cache', 'Warming', 'Server']);
  for (const url of ['/cache-test', '/sessions']) expect((await askAdmin(bare, url)).status).toBe(404);
  await bare.close();
});

it('wants the token where there is one', async () => {
  const closed = await createAdmin(fakeSources({ token: 'a secret of the admin' }), null);
  const document = await documentOf(closed);
  expect(document.security).toEqual([{ token: [] }]);
  expect(document.paths['/healthz']!.get!.security).toEqual([]);
  expect((await documentOf()).security).toBeUndefined();
  await closed.close();
});

it('tells the truth of answers and examples', async () => {
  const checker = createDocumentChecker(await documentOf());
  let checked = 0;
  const check = async (id: string, schema: object, values: readonly unknown[]) => {
    checked += values.length;
    for (const value of values)
      expect([id, value, await checker.faults(schema, value)]).toEqual([id, value, []]);
  };
  for (const { path, method, operation } of operationsOf(checker.document)) {
    const { operationId: id, responses, requestBody } = operation;
    const answer = (responses['200'] ?? responses['202'])?.content?.['application/json'];
    const isAsked = answer !== undefined && method === 'get' && !path.includes('{');
    const real = isAsked ? [(await askAdmin(admin, path + (QUERY[path] ?? ''))).body] : [];
    if (answer !== undefined) await check(id, answer.schema, [answer.example, ...real]);
    const body = requestBody?.content?.['application/json'];
    if (body === undefined) continue;
    const examples = Object.values(body.examples ?? {}).map(({ value }) => value);
    expect(examples.length).toBeGreaterThan(1);
    await check(id, body.schema, examples);
  }
  await check('problem', { $ref: 'Problem#' }, [(await askAdmin(admin, '/elsewhere')).body]);
  await check('off', { $ref: 'Stats#' }, [{ enabled: false }]);
  expect(checked).toBeGreaterThan(25);
  expect(await checker.faults({ $ref: 'Stats#' }, { enabled: false, hits: 1 })).not.toEqual([]);
  await checker.close();
});

const QUERY: Readonly<Record<string, string>> = { '/explain': '?url=/a' };
