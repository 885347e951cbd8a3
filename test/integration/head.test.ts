import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type RunningProxy, startProxy } from '../support/proxy.ts';
import { ask, PATIENT } from '../support/ranged-origin.ts';

// HEAD: answered by what a GET has stored, and telling whether that still holds (RFC 9111 §4.3.5, RFC 9110 §9.3.2).

let proxy: RunningProxy;
afterEach(() => proxy.close());

const ETAG = { ETag: '"v1"' };
const FRESH = { 'Cache-Control': 'max-age=60', ...ETAG };
const STALE = { ...FRESH, Age: '100' };

/** What the origin answers now; a HEAD has the fields of its own, or the same. */
interface Answers {
  fields: Record<string, string>;
  head: Record<string, string>;
  headStatus: number;
  body: string;
  /** Conditions are met. */
  unchanged: boolean;
}

async function start(fields: Record<string, string>): Promise<Answers> {
  const answers: Answers = { fields, head: fields, headStatus: 200, body: 'body', unchanged: false };
  proxy = await startProxy((request: IncomingMessage, response: ServerResponse) => {
    const isHead = request.method === 'HEAD';
    const fields = isHead ? answers.head : answers.fields;
    if (answers.unchanged && request.headers['if-none-match'] !== undefined) {
      return void response.writeHead(304, fields).end();
    }
    response.writeHead(isHead ? answers.headStatus : 200, fields).end(answers.body);
  });
  await ask(proxy.url);
  await stored();
  return answers;
}

const head = (headers: Record<string, string> = {}) => ask(proxy.url, headers, 'HEAD');
const get = (headers: Record<string, string> = {}) => ask(proxy.url, headers);
const fromStore = () => get({ 'Cache-Control': 'only-if-cached, max-stale' });
const stored = () => expect.poll(async () => (await fromStore()).status, PATIENT).toBe(200);
const forgotten = () => expect.poll(async () => (await fromStore()).status, PATIENT).toBe(504);
const freshened = () => expect.poll(async () => (await get()).by, PATIENT).toBe('hit');

// It makes each of them go to the origin, and keeps it from being stored, but what it says counts all the same.
const RELOAD = { 'Cache-Control': 'no-cache' };

describe('HEAD', () => {
  it('is answered by a stored GET, with its fields and no content', async () => {
    await start(FRESH);
    expect(await head()).toMatchObject({ status: 200, body: '', length: '4', by: 'hit' });
    expect(await head({ 'If-None-Match': '"v1"' })).toMatchObject({ status: 304, body: '', by: 'hit' });
    expect(proxy.asked).toEqual(['GET /']);
  });

  it('is passed on where nothing is stored, and stores nothing', async () => {
    proxy = await startProxy((_request, response) => response.writeHead(200, FRESH).end('body'));
    for (let i = 0; i < 2; i++)
      expect(await head()).toMatchObject({ status: 200, body: '', by: 'fwd=uri-miss' });
    expect(await get()).toMatchObject({ body: 'body', by: 'fwd=uri-miss' });
    expect(proxy.asked).toEqual(['HEAD /', 'HEAD /', 'GET /']);
  });

  it('validates what is stale with a condition, and freshens it by a 304', async () => {
    const origin = await start(STALE);
    origin.unchanged = true;
    origin.head = { ...FRESH, 'X-New': '1' };
    expect(await head()).toMatchObject({ status: 200, body: '', by: 'fwd=stale' });
    await freshened();
    expect(await get()).toMatchObject({ body: 'body', length: '4', by: 'hit' });
    expect((await get()).headers['x-new']).toBe('1');
    expect(proxy.asked).toEqual(['GET /', 'HEAD /']);
  });

  it.each<[string, Record<string, string>]>([
    ['with the same validator', ETAG],
    ['with the same length', { 'Content-Length': '4' }],
    ['with both', { ...ETAG, 'Content-Length': '4' }],
    ['with neither', {}],
  ])('freshens what is stale by a 200 that agrees: %s', async (_name, fields) => {
    const origin = await start(STALE);
    origin.head = { 'Cache-Control': 'max-age=60', 'X-New': '1', ...fields };
    await head();
    await freshened();
    const answer = await get();
    expect(answer).toMatchObject({ status: 200, body: 'body', length: '4', by: 'hit' });
    expect([answer.headers['x-new'], answer.headers.etag]).toEqual(['1', '"v1"']);
    expect(proxy.asked).toEqual(['GET /', 'HEAD /']);
  });

  it.each<[string, Record<string, string>]>([
    ['another ETag', { ...FRESH, ETag: '"v2"' }],
    ['another length', { ...FRESH, 'Content-Length': '5' }],
    ['another date', { ...FRESH, 'Last-Modified': 'Sat, 01 Jan 2022 00:00:00 GMT' }],
    ['a response that is not to be stored', { ...FRESH, 'Cache-Control': 'no-store' }],
    ['a private response', { ...FRESH, 'Cache-Control': 'private, max-age=60' }],
  ])('makes the stored response invalid by a 200 with %s, fresh or stale', async (_name, fields) => {
    for (const before of [FRESH, STALE]) {
      const origin = await start(before);
      origin.head = fields;
      await head(RELOAD);
      await forgotten();
      if (before === FRESH) await proxy.close();
    }
  });

  it.each([404, 500, 503, 301])('leaves the stored response alone with a %i', async (status) => {
    const origin = await start(STALE);
    origin.headStatus = status;
    origin.head = { ETag: '"v2"' };
    await head(RELOAD);
    await head(RELOAD);
    expect(await fromStore()).toMatchObject({ status: 200, body: 'body', by: 'hit' });
  });

  it('brings no cookie to others (RFC 9111 §7.3)', async () => {
    const origin = await start(STALE);
    origin.head = { ...FRESH, 'Set-Cookie': 'a=1' };
    expect((await head()).headers['set-cookie']).toBeDefined();
    await head({ 'Cache-Control': 'max-stale' });
    expect((await fromStore()).headers['set-cookie']).toBeUndefined();
  });

  it.each<[string, Record<string, string>]>([
    ['credentials', { Authorization: 'Bearer a', ...RELOAD }],
    ['no-store', { 'Cache-Control': 'no-store, no-cache' }],
  ])('of a client with %s takes nothing away from others, and gives them nothing', async (_name, fields) => {
    for (const unchanged of [true, false]) {
      const origin = await start(STALE);
      origin.unchanged = unchanged;
      origin.head = { ...FRESH, 'X-Own': '1' };
      for (let i = 0; i < 2; i++) await head(fields);
      const answer = await fromStore();
      expect(answer).toMatchObject({ status: 200, body: 'body', by: 'hit' });
      expect(answer.headers['x-own']).toBeUndefined();
      if (unchanged) await proxy.close();
    }
  });

  it('neither waits for the content of a GET nor gives it any', async () => {
    let finish = () => {};
    proxy = await startProxy((request, response) => {
      response.writeHead(200, FRESH);
      if (request.method === 'HEAD') return void response.end();
      response.write('begun ');
      finish = () => response.end('ended');
    });
    const slow = get();
    await expect.poll(() => proxy.asked.length, PATIENT).toBe(1);
    expect(await head()).toMatchObject({ status: 200, body: '' });
    expect(await head()).toMatchObject({ status: 200, body: '' });
    finish();
    expect((await slow).body).toBe('begun ended');
    await stored();
    expect((await get()).body).toBe('begun ended');
  });

  it.each([false, true])(
    'under way is not waited for by a GET, be it a validation or not: %s',
    async (validates) => {
      // Makes a miss of what is stored.
      const younger = { 'Cache-Control': 'min-fresh=100' };
      let answerHead = () => {};
      proxy = await startProxy((request, response) => {
        if (request.method === 'HEAD') answerHead = () => response.writeHead(200, FRESH).end();
        else response.writeHead(200, FRESH).end('body');
      });
      if (validates) {
        await get();
        await stored();
      }
      const before = proxy.asked.length;
      const slow = head(younger);
      await expect.poll(() => proxy.asked.length, PATIENT).toBe(before + 1);
      expect((await get(younger)).body).toBe('body');
      answerHead();
      expect((await slow).status).toBe(200);
    },
  );

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['with a condition', STALE, {}],
    ['without', { 'Cache-Control': 'max-age=60', Age: '30' }, { 'Cache-Control': 'max-age=1' }],
  ])(
    'that began before a change does not bring back what was changed (§4.4): %s',
    async (_name, fields, directives) => {
      let answerHead: (() => void) | undefined;
      let version = 'one';
      proxy = await startProxy((request, response) => {
        if (request.method === 'PUT') {
          version = 'two';
          return void response.writeHead(204).end();
        }
        if (request.method !== 'HEAD') return void response.writeHead(200, fields).end(version);
        const status = request.headers['if-none-match'] === undefined ? 200 : 304;
        answerHead = () => response.writeHead(status, { ...fields, Age: '0' }).end();
      });
      await get();
      await stored();
      const slow = head(directives);
      await expect.poll(() => answerHead, PATIENT).toBeDefined();
      await ask(proxy.url, {}, 'PUT');
      await forgotten();
      answerHead!();
      await slow;
      // Whatever is stored behind the answer is so by the next ones.
      for (let i = 0; i < 3; i++) await head({ 'Cache-Control': 'only-if-cached' });
      expect((await fromStore()).status).toBe(504);
      expect((await get()).body).toBe('two');
    },
  );

  it('freshens the variant that it selects, and no other', async () => {
    let stale = true;
    proxy = await startProxy((request, response) => {
      const language = String(request.headers['accept-language']);
      const fields = { ...(stale ? STALE : FRESH), ETag: `"${language}"`, Vary: 'Accept-Language' };
      const isUnchanged = request.headers['if-none-match'] === fields.ETag;
      response.writeHead(isUnchanged ? 304 : 200, fields).end(isUnchanged ? '' : language);
    });
    for (const language of ['de', 'fr']) {
      await get({ 'Accept-Language': language });
      const asking = { 'Accept-Language': language, 'Cache-Control': 'only-if-cached, max-stale' };
      await expect.poll(async () => (await get(asking)).status, PATIENT).toBe(200);
    }
    stale = false;
    await head({ 'Accept-Language': 'de' });
    await expect.poll(async () => (await get({ 'Accept-Language': 'de' })).by, PATIENT).toBe('hit');
    expect((await get({ 'Accept-Language': 'de' })).body).toBe('de');
    expect(await get({ 'Accept-Language': 'fr' })).toMatchObject({ body: 'fr', by: 'fwd=stale' });
  });
});
