import { describe, expect, it } from 'vitest';
import type { Explanation } from '../../src/explain/explanation.ts';
import type { OriginRequest } from '../../src/gateway/origin-client.ts';
import { formatCacheStatus } from '../../src/http/cache-status.ts';
import { fieldValue } from '../../src/http/fields.ts';
import type { OriginBudget } from '../../src/origin-budget/origin-budget.ts';
import type { FetchedResponse } from '../../src/response-cache/cache-request.ts';
import { originError } from '../../src/response-cache/origin-error.ts';
import { bodyOf } from '../model/bodies.ts';
import { fromList, httpDate, toList } from '../model/message.ts';
import { createOrigin, PATHS } from '../model/origin.ts';
import { createRandom, type Random } from '../model/random.ts';
import { randomRequest } from '../model/request-generator.ts';
import { type Answered, createExplainedGate, type ExplainedGate } from '../support/explained-gate.ts';

const SEEDS = [1, 2, Math.floor(Math.random() * 2 ** 31)];
const REQUESTS = 200;

describe.each(SEEDS)('what is foreseen of random requests (seed %i)', (seed) => {
  it.each(['safe', 'rfc'] as const)('is what then happens, in mode %s', async (mode) => {
    const random = createRandom(seed);
    const site = createRandomSite(random, mode);
    const kinds = new Set<string>();
    for (let i = 0; i < REQUESTS; i++) {
      site.gate.clock.advance(random.pick([0, 0, 500, 3_000, 20_000, 100_000]));
      if (random.chance(0.05)) await site.purge(random);
      const { target, method, fields } = site.nextRequest();
      const before = { ...site.gate.store.calls, get: 0 };
      const asked = site.asked();
      const explanation = await site.gate.explain({ url: target, method, headers: fields });
      expect({ ...site.gate.store.calls, get: 0 }).toEqual(before);
      expect(site.asked()).toBe(asked);
      const atOrigin = site.asked();
      const answered = await site.gate.ask(target, method, fields);
      const wasAsked = site.asked() > atOrigin;
      const what = { i, method, target, fields, explanation, answered, wasAsked };
      expect(contradiction(explanation, answered, wasAsked), JSON.stringify(what, null, 1)).toBeNull();
      kinds.add(explanation.next.action);
    }
    // It has seen something of everything that can happen to one client.
    for (const kind of ['reuse', 'validate', 'forward']) expect([...kinds]).toContain(kind);
  });
});

/** What of an answer was foreseen otherwise; `null`: nothing. */
function contradiction(
  { next }: Explanation,
  { status, cacheStatus }: Answered,
  wasAsked: boolean,
): string | null {
  const { action, stale_on: staleOn } = next;
  if (wasAsked === (action === 'reuse' || action === 'refuse')) return `the origin was asked: ${wasAsked}`;
  const isHit = cacheStatus.startsWith('hit');
  if (next.status !== null && next.status !== status) return `status ${status}, not ${next.status}`;
  const foreseen = formatCacheStatus('x', next.cache_status!).replace('x; ', '');
  if (action === 'reuse' || action === 'reuse-and-revalidate' || action === 'refuse') {
    return foreseen === cacheStatus ? null : `${cacheStatus}, not ${foreseen}`;
  }
  // An origin that fails may have a stand-in, if that was foreseen.
  if (isHit) return staleOn.error || staleOn.silence ? null : 'a hit that nobody has foreseen';
  if (cacheStatus.includes('ERR_ORIGIN')) return staleOn.silence ? 'no stand-in' : null;
  // One that says for how long it is to be kept is an answer like any other.
  const isFailure = [429, 500, 502, 503, 504].includes(status) && !cacheStatus.includes('; stored');
  if (staleOn.error && isFailure) return 'no stand-in for a failure';
  return cacheStatus.startsWith(foreseen) ? null : `${cacheStatus}, not ${foreseen}`;
}

/** Three resources of an origin that answers by chance, mostly well; clients that have heard of its validators. */
function createRandomSite(random: Random, mode: 'safe' | 'rfc') {
  const heard = PATHS.map(() => ({ etags: [] as string[], lastModified: [] as string[] }));
  let count = 0;
  const gate = createExplainedGate({
    policy: {
      mode,
      ...(random.chance(0.5) && { ttlSeconds: 30 }),
      ...(random.chance(0.5) && { staleWhileRevalidateSeconds: 20, staleIfErrorSeconds: 40 }),
      negativeTtlSeconds: new Map(random.chance(0.5) ? [[404, 10] as const, [410, 5] as const] : []),
    },
    origin: answer,
  });
  const origin = createOrigin(random, gate.clock.now());

  async function answer(request: OriginRequest): Promise<FetchedResponse> {
    const resource = PATHS.indexOf(request.target);
    const sent = new Map(fromList(request.fields));
    count += 1;
    const now = gate.clock.now();
    const exchange = {
      ...{ id: count, resource, method: request.method, request: sent, added: new Map(), caller: count },
      ...{ sentAt: now, sentOrder: count, answeredAt: now, answeredOrder: count, answer: null },
    };
    const given = origin.answer(exchange, sent, now);
    if (given === null) throw originError(Object.assign(new Error('none'), { code: 'ECONNREFUSED' }));
    const fields = toList(given.fields);
    const etag = fieldValue(fields, 'etag');
    const lastModified = fieldValue(fields, 'last-modified');
    if (etag !== undefined) heard[resource]!.etags.push(etag);
    if (lastModified !== undefined) heard[resource]!.lastModified.push(lastModified);
    return {
      ...{ status: given.status, requestAt: now, responseAt: now },
      fields: fieldValue(fields, 'date') === undefined ? [...fields, 'date', httpDate(now)] : fields,
      body: bodyOf(given.body, { pieces: 1, ends: given.complete }),
    };
  }

  return {
    gate,
    asked: () => count,
    purge: (by: Random) => gate.purge(by.pick(PATHS), by.chance(0.5) ? { markedAt: gate.clock.now() } : {}),
    nextRequest() {
      const { resource, method, request } = randomRequest(random, (at) => heard[at]!, gate.clock.now());
      return { target: PATHS[resource]!, method, fields: Object.fromEntries(request) };
    },
  };
}

/** An origin that says the same of each target. */
function createGate(
  fields: Record<string, string>,
  {
    status = 200,
    change = {},
  }: { status?: number; change?: Parameters<typeof createExplainedGate>[0]['change'] } = {},
): ExplainedGate {
  return createExplainedGate({
    origin: async (_request, clock) => ({
      ...{ status, requestAt: clock.now(), responseAt: clock.now() },
      fields: Object.entries({ Date: httpDate(clock.now()), ...fields }).flat(),
      body: bodyOf('content', { pieces: 1, ends: true }),
    }),
    ...(change !== undefined && { change }),
  });
}

describe('an explanation', () => {
  it('tells what is stored, and the arithmetic of its freshness', async () => {
    const gate = createGate({
      ...{ 'Cache-Control': 'max-age=60, stale-while-revalidate=10, stale-if-error=20', ETag: '"1"' },
      ...{ Age: '5', 'Cache-Tag': 'one, two', 'Last-Modified': httpDate(1_600_000_000_000) },
    });
    expect(await gate.explain({ url: '/a?b' })).toEqual({
      ...{ url: '/a?b', method: 'GET', service: 'api', target: '/a?b', cache_key: 'GET api /a?b' },
      store_key: expect.stringMatching(/^response:\{api:[\w-]{22}\}$/),
      ...{ stored: false, variants: [], response: null },
      next: {
        action: 'forward',
        cache_status: { hit: false, fwd: 'uri-miss' },
        ...{ status: null, stale_on: { error: false, silence: false } },
        because: [
          'Nothing is stored for it.',
          'The origin is asked, and what it answers is stored if it may be.',
        ],
      },
    });
    await gate.ask('/a?b');
    gate.clock.advance(30_250);
    const { stored, response, next } = await gate.explain({
      url: 'http://elsewhere.test/a?b',
      method: 'HEAD',
    });
    expect([stored, response]).toEqual([
      true,
      {
        ...{ status: 200, bytes: 7, range: null, etag: '"1"', tags: ['of-service', 'one', 'two'] },
        received_at: new Date(gate.clock.now() - 30_250).toISOString(),
        last_modified: httpDate(1_600_000_000_000),
        freshness: {
          ...{ lifetime: 60, current_age: 35.25, remaining: 24.75 },
          ...{ stale_while_revalidate: 10, stale_if_error: 20, stale_if_disconnected: 60 },
          ...{ heuristic: false, no_cache: false, must_revalidate: false, stale_since: null },
        },
        // It is kept for a 304 for a day.
        expires_in: 24.75 + 86_400,
      },
    ]);
    expect(next).toMatchObject({ action: 'reuse', cache_status: { hit: true, ttl: 24 }, status: 200 });
    expect(next.because[0]).toBe(
      'The stored response is fresh for 24.75 s more: lifetime 60 s, age 35.25 s.',
    );
    gate.clock.advance(30_000);
    const stale = await gate.explain({ url: '/a?b' });
    expect(stale.next).toMatchObject({
      action: 'reuse-and-revalidate',
      cache_status: { hit: true, ttl: -6 },
    });
    gate.clock.advance(10_000);
    expect((await gate.explain({ url: '/a?b' })).next).toMatchObject({
      ...{ action: 'validate', cache_status: { hit: false, fwd: 'stale' }, status: null },
      stale_on: { error: true, silence: true },
    });
  });

  it('tells by what the responses vary, and of which there is one for the request', async () => {
    const gate = createGate({ 'Cache-Control': 'max-age=60', Vary: 'Accept-Language' });
    await gate.ask('/', 'GET', { 'Accept-Language': 'de' });
    const ask = (language: string) => gate.explain({ url: '/', headers: { 'accept-language': language } });
    expect(await ask('de')).toMatchObject({
      variants: [{ fields: ['accept-language'], stored: true }],
      response: { expires_in: 120 },
      next: { action: 'reuse' },
    });
    expect(await ask('en')).toMatchObject({
      ...{ stored: true, variants: [{ fields: ['accept-language'], stored: false }], response: null },
      next: { action: 'forward', cache_status: { fwd: 'vary-miss' } },
    });
  });

  it('tells that a purge has made it stale', async () => {
    const gate = createGate({ 'Cache-Control': 'max-age=60' });
    await gate.ask('/');
    gate.clock.advance(10_000);
    const markedAt = gate.clock.now();
    await gate.purge('/', { markedAt });
    const { response, next } = await gate.explain({ url: '/' });
    expect(response!.freshness).toMatchObject({
      lifetime: 10,
      stale_since: new Date(markedAt).toISOString(),
    });
    expect(next.because.join()).toContain('An operator has called it stale');
  });

  it.each([
    [{ 'cache-control': 'no-cache' }, 'validate', { hit: false, fwd: 'request' }, null],
    [{ 'cache-control': 'no-store, max-age=0' }, 'forward', { hit: false, fwd: 'request' }, null],
    [{ 'if-none-match': '"1"' }, 'reuse', { hit: true, ttl: 59 }, 304],
    [{ range: 'bytes=0-1' }, 'reuse', { hit: true, ttl: 59 }, 206],
    [{ range: 'bytes=9-' }, 'reuse', { hit: true, ttl: 59 }, 416],
    [
      { 'cache-control': 'only-if-cached, max-age=0' },
      'refuse',
      { hit: false, detail: 'only-if-cached' },
      504,
    ],
  ])('heeds the request’s %j', async (headers, action, cache_status, status) => {
    const gate = createGate({ 'Cache-Control': 'max-age=60', ETag: '"1"' });
    await gate.ask('/');
    gate.clock.advance(1_000);
    expect((await gate.explain({ url: '/', headers })).next).toMatchObject({ action, cache_status, status });
  });

  it('tells who waits for the same, and that nothing begins twice', async () => {
    let answer: (response: FetchedResponse) => void = () => {};
    let asked = 0;
    const gate = createExplainedGate({
      origin: () => {
        asked += 1;
        return new Promise((resolve) => {
          answer = resolve;
        });
      },
    });
    const first = gate.begin('/');
    await new Promise((resolve) => setImmediate(resolve));
    expect((await gate.explain({ url: '/' })).next).toMatchObject({
      ...{ action: 'wait', cache_status: { hit: false, fwd: 'uri-miss', collapsed: true } },
    });
    const at = gate.clock.now();
    const fields = ['Cache-Control', 'max-age=60', 'Date', httpDate(at)];
    answer({
      status: 200,
      fields,
      body: bodyOf('x', { pieces: 1, ends: true }),
      requestAt: at,
      responseAt: at,
    });
    expect((await first).status).toBe(200);
    expect(asked).toBe(1);
  });

  it('tells that an origin wants to be left alone', async () => {
    const gate = createGate({ 'Retry-After': '30' }, { status: 503 });
    await gate.ask('/');
    gate.clock.advance(10_000);
    expect((await gate.explain({ url: '/' })).next).toMatchObject({
      ...{ action: 'refuse', cache_status: { hit: false, detail: 'retry-after' }, status: 503 },
    });
  });

  it('tells that the store could not be asked', async () => {
    const gate = createGate({ 'Cache-Control': 'max-age=60' });
    await gate.ask('/');
    gate.store.fail(new Error('away'));
    expect(await gate.explain({ url: '/' })).toMatchObject({
      ...{ stored: null, response: null, next: { action: 'forward', cache_status: { fwd: 'uri-miss' } } },
    });
  });

  it('takes nothing of the origin’s budget, and says that there is one', async () => {
    const budget = { admit: () => Promise.reject(new Error('asked')) } as unknown as OriginBudget;
    const gate = createGate({}, { change: { budget } });
    expect((await gate.explain({ url: '/' })).next.because.at(-1)).toBe(
      'The budget of the origin may hold it back.',
    );
  });
});

describe('a request that the cache has no part in', () => {
  const gate = createGate(
    {},
    { change: { prefix: '/api', methods: ['GET', 'POST', 'QUERY'], keyedMethods: ['QUERY'] } },
  );
  it.each([
    [
      '/api/a',
      'POST',
      'api',
      { action: 'forward', cache_status: { hit: false, fwd: 'method' }, status: null },
    ],
    ['/api/a', 'QUERY', 'api', { action: 'depends', cache_status: null, status: null }],
    ['/api/a', 'PUT', 'api', { action: 'refuse', cache_status: { hit: false, detail: 'gate' }, status: 405 }],
    ['/other', 'GET', null, { action: 'refuse', status: 404 }],
    ['/api/../x', 'GET', null, { action: 'refuse', status: 400 }],
  ])('is told to be none: %s %s', async (url, method, service, next) => {
    expect(await gate.explain({ url, method })).toMatchObject({ service, stored: null, next });
  });

  it('is that of a service without a cache', async () => {
    const { explain } = createGate({}, { change: { cache: null } });
    expect((await explain({ url: '/' })).next).toMatchObject({
      ...{ action: 'forward', cache_status: { hit: false, fwd: 'bypass' } },
    });
  });

  it.each(['role', 'session'] as const)(
    'depends on whose it is where responses are by %s',
    async (sharedBy) => {
      const { explain } = createGate({}, { change: { sharedBy } });
      expect(await explain({ url: '/' })).toMatchObject({ cache_key: null, next: { action: 'depends' } });
    },
  );

  it.each([
    { url: 'a' },
    { url: '' },
    { url: '/', method: 'GE T' },
    { url: '/', headers: { 'a b': 'c' } },
    { url: '/', headers: { a: 'b\r\nc: d' } },
  ])('can’t be asked about: %j', async (request) => {
    await expect(gate.explain(request)).rejects.toMatchObject({ code: 'ERR_EXPLAIN_INVALID' });
  });
});
