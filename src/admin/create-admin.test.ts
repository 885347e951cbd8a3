import type { Server } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type AskAdminOptions, askAdmin, fakeSources } from '../../test/support/fake-admin.ts';
import { EXPLANATION, fakeOperations, STATS, warmReport } from '../../test/support/fake-operations.ts';
import { CachegateError } from '../errors.ts';
import { createAdmin } from './create-admin.ts';
import type { Operations } from './operations.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

let operations = fakeOperations();
const failures: [unknown, string][] = [];

let admin: FastifyInstance;
beforeAll(async () => {
  // What the operations are is looked up when they are asked for.
  const late = <K extends keyof Operations>(name: K) =>
    ((...given: unknown[]) =>
      (operations[name] as (...all: unknown[]) => unknown)(...given)) as Operations[K];
  const warm: Operations['warm'] = {
    start: (request) => operations.warm.start(request),
    report: (id) => operations.warm.report(id),
    list: () => operations.warm.list(),
    cancel: (id) => operations.warm.cancel(id),
  };
  admin = await createAdmin(
    fakeSources({
      failed: (error, route) => failures.push([error, route]),
      operations: {
        ...{
          stats: late('stats'),
          explain: late('explain'),
          purge: late('purge'),
          services: late('services'),
        },
        ...{ config: late('config'), testCache: late('testCache') as never, warm },
      },
    }),
    '127.0.0.1',
  );
});
afterAll(() => admin.close());
beforeEach(() => {
  operations = fakeOperations();
  failures.length = 0;
});

const ask = (url: string, options: AskAdminOptions = {}) => askAdmin(admin, url, options);

it('gives a request 30 seconds to arrive, header section and content together', () => {
  const { headersTimeout, requestTimeout } = admin.server as Server;
  // Node takes the longer one for the whole request.
  expect([headersTimeout, requestTimeout]).toEqual([30_000, 30_000]);
});

describe('what can be asked for', () => {
  it.each([
    ['/stats', STATS],
    ['/services', { services: fakeOperations().services() }],
    ['/config', fakeOperations().config()],
    ['/warm', { jobs: [warmReport()] }],
    ['/warm/job-1', warmReport()],
    ['/healthz', { status: 'ok' }],
    ['/cache-test', { status: 'ok', store: 'memory', key: 'k', ttl_seconds: 10, written: 'a', read: 'a' }],
  ])('GET %s', async (url, expected) => {
    const { status, type, body, headers } = await ask(url);
    expect([status, type, body]).toEqual([200, JSON_TYPE, expected]);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    });
    const head = await ask(url, { method: 'HEAD' });
    expect([head.status, head.body, head.headers['content-length']]).toEqual([
      ...[200, '', headers['content-length']],
    ]);
  });

  it('explains by URL, method and fields, those of one name together', async () => {
    const url =
      '/explain?url=%2Fapi%2Fa%3Fb%3D1%26c&method=HEAD&header=Accept:%20a&header=X-B:&header=ACCEPT:%09b';
    expect((await ask(url)).body).toEqual(EXPLANATION);
    expect((await ask('/explain?url=/a+b%ff&header=a:1')).status).toBe(200);
    expect(operations.asked).toEqual([
      ['explain', { url: '/api/a?b=1&c', method: 'HEAD', headers: { accept: 'a, b', 'x-b': '' } }],
      ['explain', { url: '/a b\ufffd', headers: { a: '1' } }],
    ]);
  });

  it('purges', async () => {
    const asked = [
      { url: '/a' },
      { tags: ['a', 'b'], mode: 'soft' },
      { service: 'api', mode: 'hard', wait: true },
    ];
    for (const json of asked) {
      const { status, body } = await ask('/purge', { json });
      expect([status, body]).toEqual([200, { purged: 3 }]);
    }
    expect(operations.asked).toEqual(asked.map((json) => ['purge', json]));
  });

  it('starts jobs, in two forms, and cancels them', async () => {
    const full = { ids: [1, '2', null, {}, 2 ** 60], template: '/a/{id}', concurrency: 64 };
    const asked = [full, { urls: ['/a', 7] }, { hot: 10_000 }, { ids: [] }];
    for (const json of asked) {
      const { status, headers, body } = await ask('/warm', { json });
      expect([status, headers.location, body]).toEqual([202, '/warm/job-1', warmReport()]);
    }
    for (const json of [[1, 'a'], { ids: [1, 'a'] }]) {
      const { status, headers } = await ask('/warm-cache', { json });
      expect([status, headers.location]).toEqual([202, '/warm/job-1']);
    }
    const read = (json: object) => JSON.parse(JSON.stringify(json));
    expect(operations.asked).toEqual([
      ...asked.map((json) => ['start', read(json)]),
      ['start', { ids: [1, 'a'] }],
      ['start', { ids: [1, 'a'] }],
    ]);
    const cancelled = await ask('/warm/job-1', { method: 'DELETE' });
    expect([cancelled.status, cancelled.body]).toEqual([200, warmReport({ state: 'cancelled' })]);
  });

  it('takes a list of 16 MiB of what is warmed, and no more', async () => {
    const ids = ['x'.repeat(16 * 1_048_576 - 100)];
    expect((await ask('/warm', { json: { ids } })).status).toBe(202);
    ids.push('x'.repeat(100));
    for (const url of ['/warm', '/warm-cache']) expect((await ask(url, { json: { ids } })).status).toBe(413);
    expect((await ask('/purge', { json: { url: `/${'x'.repeat(65_536)}` } })).status).toBe(413);
  });

  it('has a status for a store that fails its test', async () => {
    operations = fakeOperations({
      testCache: async () => ({
        ...{
          status: 'failed',
          store: 'redis',
          key: 'k',
          ttl_seconds: 10,
          written: 'a',
          read: null,
          error: 'away',
        },
      }),
    });
    const { status, body } = await ask('/cache-test');
    expect([status, body.status]).toEqual([503, 'failed']);
  });
});

const names = (names: string) =>
  `the content: found ${names}; accepted: exactly one of url, tags and service`;

describe('what is wrong', () => {
  it.each([
    ['/stats?x=1', undefined, 'x: not known; accepted: none'],
    ['/services?token=abc', undefined, 'token: not known; accepted: none'],
    ['/explain', undefined, 'url: missing; accepted: a text of 1 to 8192 characters'],
    ['/explain?url=', undefined, 'url: found ""; accepted: a text of 1 to 8192 characters'],
    ['/explain?url=/a&url=/b', undefined, 'url: found a list of 2; accepted: a text of 1 to 8192 characters'],
    ['/explain?url=/a&method=', undefined, 'method: found ""; accepted: a text of 1 to 64 characters'],
    ['/explain?url=/a&header=a', undefined, 'header: found what is no field; accepted: Name: value'],
    ['/explain?url=/a&header=a:%00', undefined, 'header: found what is no field; accepted: Name: value'],
    ['/explain?url=/a&__proto__=1', undefined, '__proto__: not known; accepted: url, method and header'],
    ['/purge', {}, names('none of them')],
    ['/purge', { url: '/a', service: 'b' }, names('url and service')],
    [
      '/purge',
      [],
      'the content: found a list of 0; accepted: an object with exactly one of url, tags and service',
    ],
    ['/purge', 'x', 'the content: found "x"; accepted: an object with exactly one of url, tags and service'],
    ['/purge', { url: '/a', mode: 'x' }, 'mode: found "x"; accepted: "hard" or "soft"'],
    ['/purge', { url: '/a', wait: 'true' }, 'wait: found "true"; accepted: true or false'],
    ['/purge', { url: 7 }, 'url: found 7; accepted: a text of 1 to 8192 characters'],
    ['/purge', { tags: [] }, 'tags: found a list of 0; accepted: a list of 1 to 16, a text each'],
    ['/purge', { tags: ['a', ''] }, 'tags.1: found ""; accepted: a text of 1 to 1024 characters'],
    ['/purge', { url: '/a', all: 1 }, 'all: not known; accepted: url, tags, service, mode and wait'],
    ['/warm', { ids: [1], concurrency: 65 }, 'concurrency: found 65; accepted: a whole number from 1 to 64'],
    [
      '/warm',
      { ids: [1], concurrency: 1.5 },
      'concurrency: found 1.5; accepted: a whole number from 1 to 64',
    ],
    [
      '/warm',
      { ids: [1], urls: [] },
      'the content: found urls and ids; accepted: exactly one of urls, ids and hot',
    ],
    ['/warm', { hot: 0 }, 'hot: found 0; accepted: a whole number from 1 to 10000'],
    ['/warm-cache', 7, 'the content: found 7; accepted: a list or an object with ids'],
    ['/warm-cache', {}, 'ids: missing; accepted: a list'],
    ['/warm-cache', { ids: [], x: 1 }, 'x: not known; accepted: ids'],
    ['/sessions?user=', undefined, 'user: found ""; accepted: a text of 1 to 256 characters'],
  ])('%s %j', async (url, json, detail) => {
    const { status, type, body, headers } = await ask(url, { ...(json !== undefined && { json }) });
    expect([status, type, headers['cache-control']]).toEqual([400, PROBLEM_TYPE, 'no-store']);
    expect(body).toMatchObject({ type: 'about:blank', title: 'Bad Request', status: 400, detail });
    expect(operations.asked).toEqual([]);
  });

  it.each([
    ['{', 'application/json', 400],
    ['', 'application/json', 400],
    [Buffer.from([0x22, 0xff, 0x22]), 'application/json', 400],
    ['{}', 'text/plain', 415],
    ['url=/a', 'application/x-www-form-urlencoded', 415],
    ['{}', 'text/json', 415],
    ['{}', 'nothing', 415],
    ['{}', undefined, 415],
    ['{"url":"/a","__proto__":{"mode":"soft"}}', 'application/json', 400],
    [`{"ids":${'['.repeat(32)}${']'.repeat(32)}}`, 'application/json', 400],
  ])('refuses the content %j of type %s', async (payload, type, status) => {
    for (const url of ['/purge', '/warm', '/warm-cache']) {
      const options = {
        method: 'POST',
        payload,
        headers: { ...(type && { 'content-type': type }) },
      } as const;
      const found = await ask(url, options);
      expect([found.status, found.type]).toEqual([status, PROBLEM_TYPE]);
    }
    expect(operations.asked).toEqual([]);
  });

  it('takes ids that are lists or brackets, and fail alone', async () => {
    const ids = [[[['a']]], '['.repeat(100), '"\\"[', { a: {} }];
    expect((await ask('/warm', { json: { ids } })).status).toBe(202);
    expect(operations.asked).toEqual([['start', { ids }]]);
  });

  it('takes JSON with a parameter of its type', async () => {
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    expect((await ask('/purge', { json: { url: '/ü' }, headers })).status).toBe(200);
  });

  it.each([
    ['ERR_PURGE_INVALID', 400],
    ['ERR_PURGE_NO_SERVICE', 404],
    ['ERR_PURGE_INCOMPLETE', 503],
    ['ERR_STORE_TIMEOUT', 503],
    ['ERR_SERVER_WORKER', 503],
    ['ERR_WARM_INVALID', 400],
    ['ERR_EXPLAIN_INVALID', 400],
  ] as const)('%s is %i, with its code', async (code, status) => {
    operations = fakeOperations({ purge: async () => Promise.reject(new CachegateError(code, 'It is so')) });
    const found = await ask('/purge', { json: { url: '/a' } });
    expect(found.body).toEqual({
      type: 'about:blank',
      title: expect.any(String),
      status,
      detail: 'It is so',
      code,
    });
    expect(found.status).toBe(status);
    expect(failures).toEqual([]);
  });

  it('says nothing of a bug but to the operator', async () => {
    const error = new TypeError('the secret is x');
    operations = fakeOperations({ stats: async () => Promise.reject(error) });
    const { status, body } = await ask('/stats');
    expect([status, body.detail, body.code]).toEqual([500, 'Internal error', undefined]);
    expect(failures).toEqual([[error, 'GET /stats']]);
  });

  it.each([
    ['PUT', '/warm', 405, 'GET, HEAD, OPTIONS, POST'],
    ['POST', '/stats', 405, 'GET, HEAD, OPTIONS'],
    ['GET', '/purge', 405, 'OPTIONS, POST'],
    ['HEAD', '/purge', 405, 'OPTIONS, POST'],
    ['PATCH', '/warm/job-1', 405, 'DELETE, GET, HEAD, OPTIONS'],
    ['POST', '/docs/static/index.css', 405, 'GET, HEAD, OPTIONS'],
    ['OPTIONS', '/warm/job-1', 204, 'DELETE, GET, HEAD, OPTIONS'],
    ['GET', '/elsewhere', 404, undefined],
    ['GET', '/', 404, undefined],
    ['GET', '/stats/', 404, undefined],
    ['OPTIONS', '/elsewhere', 404, undefined],
    ['GET', `/warm/${'x'.repeat(200)}`, 414, undefined],
    ['GET', '/warm/job-2', 404, undefined],
    ['DELETE', '/warm/job-2', 404, undefined],
    ['GET', '/warm/job-2/events', 404, undefined],
    ['GET', '/docs/../stats/..', 404, undefined],
    ['GET', '/docs/static/../../package.json', 404, undefined],
    ['GET', '/docs/static/%2e%2e%2fpackage.json', 404, undefined],
    ['GET', '/docs/static/nothing.js', 404, undefined],
  ] as const)('%s %s is %i', async (method, url, status, allow) => {
    const found = await ask(url, { method });
    expect([found.status, found.headers.allow, found.headers['cache-control']]).toEqual([
      ...[status, allow, 'no-store'],
    ]);
    if (method !== 'HEAD' && status >= 400) expect(found.body).toMatchObject({ status, type: 'about:blank' });
  });
});
