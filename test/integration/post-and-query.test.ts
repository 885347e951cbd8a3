import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/schema.ts';
import { type RunningProxy, startProxy, withCache } from '../support/proxy.ts';
import { PATIENT } from '../support/ranged-origin.ts';

// Methods with content: what they make invalid (RFC 9111 §4.4), when a POST answers a later GET (RFC 9110 §9.3.3), and
// the ones whose content is part of the cache key.

let proxy: RunningProxy;
afterEach(() => proxy.close());

const FRESH = { 'Cache-Control': 'max-age=60' };

interface Sent {
  readonly path?: string;
  readonly content?: string;
  readonly headers?: Record<string, string>;
}

async function send(method: string, { path = '/a', content, headers = {} }: Sent = {}) {
  const options = { method: method as 'POST', headers, ...(content !== undefined && { body: content }) };
  const answer = await request(proxy.url + path, options);
  const by = String(answer.headers['cache-status']).split(';')[1]?.trim();
  return { status: answer.statusCode, body: await answer.body.text(), headers: answer.headers, by };
}

const isStored = async (path = '/a', headers: Record<string, string> = {}) =>
  (await send('GET', { path, headers: { ...headers, 'Cache-Control': 'only-if-cached' } })).status !== 504;
const stored = (path?: string, headers?: Record<string, string>) =>
  expect.poll(() => isStored(path, headers), PATIENT).toBe(true);

/** Whatever is stored behind an answer is so by the next ones. */
async function notStored(path?: string): Promise<void> {
  for (let i = 0; i < 3; i++) expect(await isStored(path)).toBe(false);
}

/** Answers with what it was asked, and these fields to POST. */
const answering =
  (toPost: Record<string, string>, status = 200): RequestListener =>
  (asked, response) => {
    const isPost = asked.method === 'POST';
    collect(asked, (content) => {
      response.writeHead(isPost ? status : 200, isPost ? toPost : FRESH).end(`${asked.method} ${content}`);
    });
  };

function collect(asked: IncomingMessage, done: (content: string) => void): void {
  let content = '';
  asked.on('data', (chunk) => {
    content += String(chunk);
  });
  asked.on('end', () => done(content));
}

describe('a POST that is answered by what its target is now (RFC 9110 §9.3.3)', () => {
  it.each([
    ['/a', {}],
    ['http://ORIGIN/a', {}],
    ['/a', { Vary: 'Accept' }],
    ['/a', { Expires: new Date(Date.now() + 60_000).toUTCString(), 'Cache-Control': '' }],
    ['/a', { 'Cache-Control': 'no-store', 'CDN-Cache-Control': 'max-age=60' }],
  ] as [string, Record<string, string>][])(
    'Content-Location %s, %j: answers later GETs',
    async (location, fields) => {
      proxy = await startProxy((asked, response) => {
        const named = { 'Content-Location': location.replace('ORIGIN', asked.headers.host!) };
        answering({ ...FRESH, ...named, ...fields })(asked, response);
      });
      expect(await send('POST', { content: 'new' })).toMatchObject({ body: 'POST new', by: 'fwd=method' });
      await stored();
      expect(await send('GET')).toMatchObject({ status: 200, body: 'POST new', by: 'hit' });
      expect(await send('HEAD')).toMatchObject({ status: 200, body: '', by: 'hit' });
      expect(proxy.asked).toEqual(['POST /a']);
    },
  );

  it.each<[string, Record<string, string>, number?]>([
    ['Content-Location', FRESH],
    ['an explicit lifetime', { 'Content-Location': '/a' }],
    [
      'one, a validator or not',
      { 'Content-Location': '/a', ETag: '"1"', 'Last-Modified': 'Sat, 01 Jan 2022 00:00:00 GMT' },
    ],
    ['one above 0', { 'Content-Location': '/a', ETag: '"1"', 'Cache-Control': 'max-age=0' }],
    ['the same target', { ...FRESH, 'Content-Location': '/b' }],
    ['the same query', { ...FRESH, 'Content-Location': '/a?b' }],
    ['the same origin', { ...FRESH, 'Content-Location': 'http://elsewhere.example/a' }],
    ['success', { ...FRESH, 'Content-Location': '/a' }, 404],
    ['leave', { 'Content-Location': '/a', 'Cache-Control': 'private, max-age=60' }],
    ['leave to store', { 'Content-Location': '/a', 'Cache-Control': 'no-store, max-age=60' }],
    ['a response without cookie', { ...FRESH, 'Content-Location': '/a', 'Set-Cookie': 'a=1' }],
  ])('answers none without %s', async (_name, fields, status = 200) => {
    proxy = await startProxy(answering(fields, status));
    expect(await send('POST', { content: 'new' })).toMatchObject({ status, body: 'POST new' });
    await notStored();
  });

  it.each<[string, Record<string, string>, number]>([
    ['credentials', { Authorization: 'Bearer a' }, 504],
    ['no-store', { 'Cache-Control': 'no-store' }, 504],
    ['cookies', { Cookie: 'a=1' }, 200],
  ])(
    'answers others as a GET of a client with %s would (RFC 9111 §3.5, §5.2.1.5)',
    async (_name, headers, status) => {
      proxy = await startProxy(answering({ ...FRESH, 'Content-Location': '/a' }));
      await send('POST', { content: 'new', headers });
      await expect
        .poll(
          async () => (await send('GET', { headers: { 'Cache-Control': 'only-if-cached' } })).status,
          PATIENT,
        )
        .toBe(status);
    },
  );

  it('is not stored when it breaks off, or is longer than what is stored', async () => {
    proxy = await startProxy(
      (asked, response) => {
        asked.resume();
        const length = asked.url === '/long' ? 1_001 : 10;
        response.writeHead(200, {
          ...FRESH,
          'Content-Location': asked.url,
          'Content-Length': String(length),
        });
        if (asked.url === '/long') return void response.end('x'.repeat(1_001));
        response.write('half');
        setImmediate(() => asked.socket.destroy());
      },
      withCache({ max_body_bytes: 1_000 }),
    );
    await expect(send('POST')).rejects.toThrow();
    expect((await send('POST', { path: '/long' })).body).toHaveLength(1_001);
    for (const path of ['/a', '/long']) await notStored(path);
  });

  it.each([true, false])(
    'is not stored where the target has changed meanwhile (RFC 9111 §4.4), its header sent before: %s',
    async (isBegun) => {
      let finish = () => {};
      proxy = await startProxy((asked, response) => {
        asked.resume();
        if (asked.method !== 'POST') return void response.writeHead(204).end();
        response.writeHead(200, { ...FRESH, 'Content-Location': '/a' });
        if (isBegun) response.write('old ');
        finish = () => response.end('state');
      });
      const slow = send('POST');
      await expect.poll(() => proxy.asked.length, PATIENT).toBe(1);
      await send('PUT', { content: 'newer' });
      finish();
      expect((await slow).body).toBe(isBegun ? 'old state' : 'state');
      await notStored();
    },
  );
});

describe('an unsafe method (RFC 9111 §4.4)', () => {
  const start = async (
    fields: (asked: IncomingMessage) => Record<string, string> = () => ({}),
    status = 200,
  ) => {
    proxy = await startProxy((asked, response) => {
      asked.resume();
      const isRead = asked.method === 'GET';
      response.writeHead(isRead ? 200 : status, isRead ? FRESH : fields(asked)).end(`${asked.method}`);
    });
    for (const path of ['/a', '/b', '/c']) {
      await send('GET', { path });
      await stored(path);
    }
  };
  const all = () => Promise.all(['/a', '/b', '/c'].map((path) => isStored(path)));

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'LOCK'])('%s makes its target invalid', async (method) => {
    await start();
    await send(method);
    expect(await all()).toEqual([false, true, true]);
  });

  it('makes invalid what it names on its own origin', async () => {
    await start(({ headers }) => ({ Location: '/b', 'Content-Location': `http://${headers.host}/c` }), 201);
    await send('POST');
    expect(await all()).toEqual([false, false, false]);
  });

  it('makes nothing invalid on other origins', async () => {
    await start(
      () => ({ Location: 'http://elsewhere.example/b', 'Content-Location': '//elsewhere.example/c' }),
      201,
    );
    await send('POST');
    expect(await all()).toEqual([false, true, true]);
  });

  it.each([400, 404, 500])('makes nothing invalid by a %i', async (status) => {
    await start(() => ({ Location: '/b' }), status);
    await send('DELETE');
    expect(await all()).toEqual([true, true, true]);
  });

  it('is safe if it is OPTIONS or QUERY', async () => {
    await start();
    await send('OPTIONS');
    await send('QUERY', { content: 'x' });
    expect(await all()).toEqual([true, true, true]);
  });

  it('does not share what is under way, nor store it', async () => {
    const waiting: (() => void)[] = [];
    let version = 'old';
    proxy = await startProxy((asked, response) => {
      asked.resume();
      const text = version;
      const answer = () => response.writeHead(200, FRESH).end(text);
      if (asked.method === 'PUT') version = 'new';
      if (asked.method === 'GET' && text === 'old') waiting.push(answer);
      else answer();
    });
    const before = send('GET');
    await expect.poll(() => waiting.length, PATIENT).toBe(1);
    const joined = send('GET');
    for (let i = 0; i < 5; i++) await isStored('/probe');
    await send('PUT', { content: 'x' });
    expect((await send('GET')).body).toBe('new');
    waiting[0]!();
    expect((await before).body).toBe('old');
    expect((await joined).body).toBe('new');
    await stored();
    expect((await send('GET')).body).toBe('new');
  });
});

describe.each(['POST', 'QUERY'])('%s with its content in the key', (method) => {
  const keyed = withCache({ methods: ['POST', 'QUERY'], max_key_body_bytes: 10 });
  const start = (fields: Record<string, string> = FRESH, change: (config: Config) => Config = keyed) => {
    const listener = (asked: IncomingMessage, response: ServerResponse) =>
      collect(asked, (content) => response.writeHead(200, fields).end(`for ${content}`));
    return startProxy(listener, change).then((started) => {
      proxy = started;
    });
  };
  const again = (sent: Sent) => expect.poll(async () => (await send(method, sent)).by, PATIENT).toBe('hit');

  it('is answered again for the same content, and for no other', async () => {
    await start();
    expect(await send(method, { content: 'x' })).toMatchObject({ body: 'for x', by: 'fwd=uri-miss' });
    await again({ content: 'x' });
    expect(await send(method, { content: 'y' })).toMatchObject({ body: 'for y', by: 'fwd=uri-miss' });
    expect(await send(method, { content: 'x' })).toMatchObject({ body: 'for x', by: 'hit' });
    expect(await send(method, { content: '' })).toMatchObject({ body: 'for ', by: 'fwd=uri-miss' });
    expect(await send('GET')).toMatchObject({ body: 'for ', by: 'fwd=uri-miss' });
    expect(proxy.asked).toHaveLength(4);
  });

  it.each(['Content-Type', 'Content-Encoding', 'Content-Language'])(
    'is another one with another %s',
    async (name) => {
      await start();
      for (const value of ['text/a', 'text/b']) {
        expect((await send(method, { content: 'x', headers: { [name]: value } })).by).toBe('fwd=uri-miss');
      }
    },
  );

  it('is another one with another target', async () => {
    await start();
    for (const path of ['/a', '/b', '/a?x']) {
      expect((await send(method, { path, content: 'x' })).by).toBe('fwd=uri-miss');
    }
  });

  it.each<[string, Record<string, string>]>([
    ['an explicit lifetime', { 'Last-Modified': 'Sat, 01 Jan 2022 00:00:00 GMT', ETag: '"1"' }],
    ['leave', { 'Cache-Control': 'private, max-age=60' }],
    ['leave to store', { 'Cache-Control': 'no-store' }],
    ['a response without cookie', { ...FRESH, 'Set-Cookie': 'a=1' }],
  ])('is not stored without %s', async (_name, fields) => {
    await start(fields);
    for (let i = 0; i < 3; i++) expect((await send(method, { content: 'x' })).by).toBe('fwd=uri-miss');
  });

  it('is passed on with more content than may be keyed, whole', async () => {
    await start();
    const content = 'x'.repeat(11);
    for (let i = 0; i < 2; i++) {
      expect(await send(method, { content })).toMatchObject({ body: `for ${content}`, by: 'fwd=bypass' });
    }
  });

  it('is fetched anew when stale, without a condition (RFC 9110 §13.2.1)', async () => {
    let conditions: unknown = 'none';
    proxy = await startProxy((asked, response) => {
      conditions = asked.headers['if-none-match'];
      collect(asked, (content) =>
        response.writeHead(200, { ...FRESH, Age: '100', ETag: '"1"' }).end(content),
      );
    }, keyed);
    for (let i = 0; i < 3; i++) expect((await send(method, { content: 'x' })).body).toBe('x');
    expect([proxy.asked.length, conditions]).toEqual([3, undefined]);
  });

  it('is asked for once by many', async () => {
    let answer = () => {};
    proxy = await startProxy((asked, response) => {
      collect(asked, (content) => {
        answer = () => response.writeHead(200, FRESH).end(`for ${content}`);
      });
    }, keyed);
    const many = Array.from({ length: 5 }, () => send(method, { content: 'x' }));
    await expect.poll(() => proxy.asked.length, PATIENT).toBe(1);
    const probe = () => send('GET', { path: '/probe', headers: { 'Cache-Control': 'only-if-cached' } });
    for (let i = 0; i < 5; i++) await probe();
    answer();
    for (const each of await Promise.all(many)) expect(each.body).toBe('for x');
    expect(proxy.asked).toHaveLength(1);
  });

  it('of credentials is not shared (RFC 9111 §3.5)', async () => {
    await start();
    const headers = { Authorization: 'Bearer a' };
    for (let i = 0; i < 2; i++)
      expect((await send(method, { content: 'x', headers })).by).toBe('fwd=uri-miss');
    expect((await send(method, { content: 'x' })).by).toBe('fwd=uri-miss');
  });

  it('takes no range from a client', async () => {
    await start();
    await send(method, { content: 'x' });
    await again({ content: 'x' });
    const answer = await send(method, {
      content: 'x',
      headers: { Range: 'bytes=0-1', 'If-None-Match': '*' },
    });
    expect(answer).toMatchObject({ status: 200, body: 'for x', by: 'hit' });
  });
});
