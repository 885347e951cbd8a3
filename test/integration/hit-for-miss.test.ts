import type { ServerResponse } from 'node:http';
import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunningProxy, startProxy, withCache } from '../support/proxy.ts';
import { ask, PATIENT } from '../support/ranged-origin.ts';

// Who waits for whose answer: nobody in a queue, and nobody for what is not shared (RFC 9111 §4: collapsed requests).

interface Pending {
  readonly target: string;
  readonly headers: NodeJS.Dict<string | string[]>;
  answer(fields: Record<string, string>, body?: string, status?: number): void;
}

let proxy: RunningProxy;
let pending: Pending[];
let agent: Agent;

beforeEach(async () => {
  pending = [];
  // Each client has a connection of its own.
  agent = new Agent({ connections: null, pipelining: 1 });
  proxy = await startProxy(
    (asked, response) => {
      const target = asked.url!;
      if (target === '/probe') return void response.writeHead(200, { 'Cache-Control': 'no-store' }).end();
      pending.push({ target, headers: asked.headers, answer: (...args) => answer(response, ...args) });
    },
    withCache({ max_body_bytes: 1_000 }),
  );
});
afterEach(async () => {
  for (const each of pending) each.answer({});
  await agent.destroy();
  await proxy.close();
});

function answer(response: ServerResponse, fields: Record<string, string>, body = 'x', status = 200): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, fields).end(body);
}

async function get(headers: Record<string, string> = {}, signal?: AbortSignal) {
  const response = await request(proxy.url, { headers, dispatcher: agent, ...(signal && { signal }) });
  return { status: response.statusCode, body: await response.body.text(), headers: response.headers };
}

const crowd = (count: number, headers: (i: number) => Record<string, string> = () => ({})) =>
  Array.from({ length: count }, (_, i) => get(headers(i)));

/** Resolves when the origin has so many requests to answer. */
const asked = (count: number) => expect.poll(() => pending.length, PATIENT).toBe(count);

/** Requests that were sent before this have most likely arrived after it. */
async function passed(): Promise<void> {
  for (let i = 0; i < 5; i++) await ask(`${proxy.url}/probe`);
}

const UNSHARED: [string, Record<string, string>, string, number][] = [
  ['private', { 'Cache-Control': 'private, max-age=60' }, 'x', 200],
  ['no-store', { 'Cache-Control': 'no-store' }, 'x', 200],
  ['Set-Cookie', { 'Cache-Control': 'max-age=60', 'Set-Cookie': 'a=1' }, 'x', 200],
  ['a 500', { 'Cache-Control': 'no-cache' }, 'x', 500],
  ['Vary: *', { 'Cache-Control': 'max-age=60', Vary: '*' }, 'x', 200],
  ['no-cache with a validator', { 'Cache-Control': 'no-cache', ETag: '"1"' }, 'x', 200],
  ['max-age=0 with a validator', { 'Cache-Control': 'max-age=0', ETag: '"1"' }, 'x', 200],
  ['more than is stored', { 'Cache-Control': 'max-age=60', 'Content-Length': '2000' }, 'x'.repeat(2000), 200],
];

describe.each(UNSHARED)('an answer that nobody else gets: %s', (_name, fields, body, status) => {
  it('releases all who waited for it at once', async () => {
    const answers = crowd(12);
    await asked(1);
    await passed();
    expect(pending).toHaveLength(1);
    pending[0]!.answer(fields, body, status);
    await asked(12);
    for (const each of pending) each.answer(fields, body, status);
    for (const each of await Promise.all(answers)) expect(each).toMatchObject({ status, body });
  });

  it('lets nobody wait for the next one', async () => {
    const first = get();
    await asked(1);
    pending[0]!.answer(fields, body, status);
    await first;
    const others = crowd(3);
    await asked(4);
    for (const each of pending) each.answer(fields, body, status);
    await Promise.all(others);
  });
});

describe('an answer that is shared', () => {
  it('is waited for, and asked for once', async () => {
    const answers = crowd(12);
    await asked(1);
    await passed();
    pending[0]!.answer({ 'Cache-Control': 'max-age=60' }, 'shared');
    for (const each of await Promise.all(answers))
      expect(each).toMatchObject({ status: 200, body: 'shared' });
    expect(pending).toHaveLength(1);
  });

  it('is waited for again once one was shared', async () => {
    const first = get();
    await asked(1);
    pending[0]!.answer({ 'Cache-Control': 'no-store' });
    await first;
    // What nobody else was to get is asked for without a thought of storing it; it tells that the next may be.
    const second = get();
    await asked(2);
    pending[1]!.answer({ 'Cache-Control': 'max-age=60' });
    await second;
    const third = get();
    await asked(3);
    pending[2]!.answer({ 'Cache-Control': 'max-age=1', Age: '0' });
    await third;
    await expect
      .poll(async () => (await get({ 'Cache-Control': 'only-if-cached' })).status, PATIENT)
      .toBe(200);
    // The client's directive makes each of them a miss.
    const others = crowd(3, () => ({ 'Cache-Control': 'min-fresh=5' }));
    await asked(4);
    await passed();
    expect(pending).toHaveLength(4);
    pending[3]!.answer({ 'Cache-Control': 'max-age=60' }, 'again');
    for (const each of await Promise.all(others)) expect(each.body).toBe('again');
  });

  it('is still waited for after a client has given up', async () => {
    const leaving = new AbortController();
    const gone = get({}, leaving.signal).catch(() => 'gone');
    await asked(1);
    leaving.abort();
    expect(await gone).toBe('gone');
    await passed();
    const answers = crowd(5);
    await asked(2);
    await passed();
    expect(pending).toHaveLength(2);
    pending[1]!.answer({ 'Cache-Control': 'max-age=60' }, 'shared');
    for (const each of await Promise.all(answers)) expect(each.body).toBe('shared');
  });

  it('is still waited for after a range that was not', async () => {
    const part = get({ Range: 'bytes=1000-' });
    await asked(1);
    pending[0]!.answer({ 'Content-Range': 'bytes */5' }, '', 416);
    expect((await part).status).toBe(416);
    const answers = crowd(3);
    await asked(2);
    await passed();
    expect(pending).toHaveLength(2);
    pending[1]!.answer({ 'Cache-Control': 'max-age=60' }, 'whole');
    for (const each of await Promise.all(answers)) expect(each.body).toBe('whole');
  });
});

describe('answers that vary (RFC 9111 §4.1)', () => {
  const varying = { 'Cache-Control': 'max-age=60', Vary: 'Accept-Language' };
  const language = ({ headers }: Pending) => headers['accept-language'] as string;

  it('release those who want another one, each to a request for their own', async () => {
    const answers = crowd(12, (i) => ({ 'Accept-Language': `l${i % 4}` }));
    await asked(1);
    await passed();
    pending[0]!.answer(varying, language(pending[0]!));
    await asked(4);
    await passed();
    expect(pending).toHaveLength(4);
    for (const each of pending) each.answer(varying, language(each));
    const bodies = (await Promise.all(answers)).map(({ body }) => body);
    expect(bodies).toEqual(Array.from({ length: 12 }, (_, i) => `l${i % 4}`));
  });

  it('are not waited for where it is known that they will not fit', async () => {
    const first = get({ 'Accept-Language': 'de' });
    await asked(1);
    pending[0]!.answer(varying, 'de');
    await first;
    const stored = { 'Accept-Language': 'de', 'Cache-Control': 'only-if-cached' };
    await expect.poll(async () => (await get(stored)).status, PATIENT).toBe(200);
    const others = crowd(6, (i) => ({ 'Accept-Language': ['fr', 'it'][i % 2]! }));
    await asked(3);
    await passed();
    expect(pending).toHaveLength(3);
    for (const each of pending) each.answer(varying, language(each));
    const bodies = (await Promise.all(others)).map(({ body }) => body);
    expect(bodies).toEqual(['fr', 'it', 'fr', 'it', 'fr', 'it']);
  });

  it('are not given to others when they were validated', async () => {
    const stale = { 'Cache-Control': 'max-age=60', Age: '100', Vary: 'Accept-Language', ETag: '"1"' };
    for (const [i, each] of ['de', 'fr'].entries()) {
      const first = get({ 'Accept-Language': each });
      await asked(i + 1);
      pending[i]!.answer(stale, each);
      await first;
      await expect
        .poll(
          async () =>
            (await get({ 'Accept-Language': each, 'Cache-Control': 'only-if-cached, max-stale' })).status,
          PATIENT,
        )
        .toBe(200);
    }
    const german = get({ 'Accept-Language': 'de' });
    await asked(3);
    const french = get({ 'Accept-Language': 'fr' });
    await passed();
    for (const each of pending) each.answer({ ...stale, Age: '0' }, '', 304);
    expect((await german).body).toBe('de');
    await asked(4);
    pending[3]!.answer({ ...stale, Age: '0' }, '', 304);
    expect((await french).body).toBe('fr');
  });
});

describe('a validation under way (RFC 9111 §4.3)', () => {
  // Makes a miss of what is stored, and a hit of what is validated.
  const YOUNGER = { 'Cache-Control': 'min-fresh=100' };
  const VALIDATED = { 'Cache-Control': 'max-age=600', ETag: '"1"' };

  async function store(): Promise<void> {
    const first = get();
    await asked(1);
    pending[0]!.answer({ 'Cache-Control': 'max-age=60', ETag: '"1"' }, 'for all');
    await first;
    await expect
      .poll(async () => (await get({ 'Cache-Control': 'only-if-cached' })).status, PATIENT)
      .toBe(200);
  }

  it('is waited for by all whom it may answer', async () => {
    await store();
    const answers = crowd(5, () => YOUNGER);
    await asked(2);
    await passed();
    expect(pending).toHaveLength(2);
    pending[1]!.answer(VALIDATED, '', 304);
    for (const each of await Promise.all(answers)) expect(each.body).toBe('for all');
  });

  it('that brings another Vary answers nobody who wants another variant', async () => {
    await store();
    const german = get({ ...YOUNGER, 'Accept-Language': 'de' });
    await asked(2);
    const others = ['fr', 'de'].map((language) => get({ ...YOUNGER, 'Accept-Language': language }));
    await passed();
    expect(pending).toHaveLength(2);
    pending[1]!.answer({ ...VALIDATED, Vary: 'Accept-Language' }, '', 304);
    expect((await german).body).toBe('for all');
    await asked(3);
    expect(pending[2]!.headers['accept-language']).toBe('fr');
    pending[2]!.answer({ ...VALIDATED, Vary: 'Accept-Language', ETag: '"2"' }, 'français');
    expect((await Promise.all(others)).map(({ body }) => body)).toEqual(['français', 'for all']);
  });
});

describe('credentials', () => {
  it('that are answered for all are waited for by those who send some too, and by nobody else', async () => {
    const authorized = { Authorization: 'Bearer a' };
    const answers = [get(authorized), get(authorized)];
    await asked(1);
    await passed();
    expect(pending).toHaveLength(1);
    const anonymous = get();
    await asked(2);
    pending[0]!.answer({ 'Cache-Control': 'public, max-age=60' }, 'for all');
    pending[1]!.answer({ 'Cache-Control': 'public, max-age=60' }, 'for all');
    for (const each of await Promise.all([...answers, anonymous])) expect(each.body).toBe('for all');
  });

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['Authorization', { Authorization: 'Bearer a' }, { 'Cache-Control': 'max-age=60' }],
    ['Cookie', { Cookie: 'a=1' }, { 'Cache-Control': 'private, max-age=60' }],
  ])('whose answers are their own do not make others go alone: %s', async (_name, headers, fields) => {
    const own = get(headers);
    await asked(1);
    pending[0]!.answer(fields, 'own');
    expect((await own).body).toBe('own');
    const answers = crowd(3);
    await asked(2);
    await passed();
    expect(pending).toHaveLength(2);
    pending[1]!.answer({ 'Cache-Control': 'max-age=60' }, 'for all');
    for (const each of await Promise.all(answers)) expect(each.body).toBe('for all');
  });
});
