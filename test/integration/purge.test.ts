import { afterEach, describe, expect, it } from 'vitest';
import {
  type PurgedGate,
  type PurgedSite,
  type SiteOptions,
  startPurgedSite,
} from '../support/purged-site.ts';
import { ask, PATIENT } from '../support/ranged-origin.ts';

let site: PurgedSite;
let gate: PurgedGate;
afterEach(() => site.close());

async function start(options?: SiteOptions): Promise<void> {
  site = await startPurgedSite(options);
  gate = site.gates[0]!;
}
const purged = (count: number) => ({ status: 200, body: { purged: count } });
const error = (status: number, text: unknown = expect.any(String)) => ({ status, body: { error: text } });

describe('PURGE of a URL', () => {
  it('takes what is stored for it, and nothing else', async () => {
    await start();
    await gate.warm('/a', '/a?b', '/b');
    expect(await gate.purge('/a')).toEqual(purged(1));
    expect(await gate.get('/a?b')).toBe('hit');
    expect(await gate.get('/b')).toBe('hit');
    expect(await gate.get('/a')).toBe('fwd=uri-miss');
    expect(site.asked).toEqual(['GET /a', 'GET /a?b', 'GET /b', 'GET /a']);
  });

  it('is answered with 200 where nothing was stored', async () => {
    await start();
    expect(await gate.purge('/never-asked?for')).toEqual(purged(0));
    expect(site.asked).toEqual([]);
  });

  it('says what kind of answer it is', async () => {
    await start();
    const { headers } = await fetch(`${gate.url}/`, { method: 'PURGE' });
    expect(headers.get('Content-Type')).toBe('application/json');
    expect(headers.get('Cache-Control')).toBe('no-store');
    expect(headers.get('Cache-Status')).toBe('cachegate; detail=gate');
  });

  it('takes every variant', async () => {
    await start();
    site.fields.set('/a', { Vary: 'X-Kind' });
    for (const kind of ['x', 'y', 'z'])
      await expect.poll(() => gate.get('/a', { 'X-Kind': kind }), PATIENT).toBe('hit');
    expect(await gate.purge('/a')).toEqual(purged(1));
    for (const kind of ['x', 'y', 'z']) expect(await gate.get('/a', { 'X-Kind': kind })).toMatch(/^fwd=/);
  });

  it('goes the way of a GET: prefix, host, normalisation', async () => {
    await start({ services: { api: { path: '/api', cache: { key: { sort_query: true } } } } });
    await gate.warm('/api/a?x=1&y=2');
    expect(await gate.purge('/api/a?y=2&x=1', { Host: 'www.site.example' })).toEqual(purged(1));
    expect(await gate.purge('/other')).toEqual(error(404));
    expect(await gate.purge('/apix')).toEqual(error(404));
  });

  it('takes responses that are keyed by content', async () => {
    await start({ services: { site: { cache: { methods: ['POST'] } } } });
    const post = async (content: string) => {
      const response = await fetch(`${gate.url}/a`, { method: 'POST', body: content });
      await response.text();
      return response.headers.get('Cache-Status')!.split('; ')[1];
    };
    for (const content of ['1', '2']) await expect.poll(() => post(content), PATIENT).toBe('hit');
    expect(await gate.purge('/b')).toEqual(purged(0));
    expect(await gate.purge('/a')).toEqual(purged(2));
    for (const content of ['1', '2']) expect(await post(content)).not.toBe('hit');
  });

  it('keeps a response from being stored that was asked for before', async () => {
    await start();
    let finish = () => {};
    site.answer = (response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=600' }).write('be');
      finish = () => response.end('fore');
    };
    const before = ask(`${gate.url}/a`);
    await expect.poll(() => site.asked.length, PATIENT).toBe(1);
    expect((await gate.purge('/a')).status).toBe(200);
    finish();
    expect((await before).body).toBe('before');
    site.answer = null;
    // What is stored behind the answer before this would be there by now.
    await gate.warm('/b');
    expect((await ask(`${gate.url}/a`)).body).not.toBe('before');
  });
});

describe('PURGE by tags', () => {
  it('takes what has all of them, of any service', async () => {
    await start({ services: { one: { path: '/1' }, two: { path: '/2', strip_path: false } } });
    site.fields.set('/a', { 'Cache-Tag': 'news, sport' });
    site.fields.set('/b', { 'Surrogate-Key': 'news' });
    site.fields.set('/2/c', { 'Surrogate-Key': 'sport news' });
    await gate.warm('/1/a', '/1/b', '/2/c', '/2/d');
    expect(await gate.purge('/', { 'Cache-Tag': 'news,sport' })).toEqual(purged(2));
    expect(await gate.get('/1/b')).toBe('hit');
    expect(await gate.get('/2/d')).toBe('hit');
    expect(await gate.get('/1/a')).toBe('fwd=uri-miss');
    expect(await gate.purge('/1/b', { 'Surrogate-Key': 'other' })).toEqual(purged(0));
    expect(await gate.purge('/', { 'Surrogate-Key': 'news' })).toEqual(purged(2));
    expect(await gate.get('/1/b')).toBe('fwd=uri-miss');
    expect(await gate.get('/2/d')).toBe('hit');
  });
});

describe('PURGE of a service', () => {
  it('takes all of it', async () => {
    await start({ services: { root: {}, api: { path: '/api' } } });
    const paths = Array.from({ length: 100 }, (_, i) => `/api/${i}`);
    await gate.warm('/a', ...paths);
    expect(await gate.purge('/api/anything', { 'Purge-Scope': 'service' })).toEqual(purged(100));
    expect(await gate.get('/a')).toBe('hit');
    for (const path of paths) expect(await gate.get(path)).toBe('fwd=uri-miss');
  });

  it('is 404 where none is', async () => {
    await start({ services: { api: { path: '/api' } } });
    expect(await gate.purge('/', { 'Purge-Scope': 'service' })).toEqual(error(404));
  });
});

describe('a soft PURGE', () => {
  it('leaves a stale response to be sent while a new one is fetched', async () => {
    await start();
    await gate.warm('/a');
    expect(await gate.purge('/a', { 'Purge-Mode': 'soft' })).toEqual(purged(1));
    expect((await ask(`${gate.url}/a`)).body).toBe('answer 1');
    await expect.poll(async () => (await ask(`${gate.url}/a`)).body, PATIENT).toBe('answer 2');
    expect(site.asked).toHaveLength(2);
  });

  it('leaves it for an origin that fails', async () => {
    await start();
    site.fields.set('/a', { 'Cache-Control': 'max-age=600, stale-if-error=600' });
    await gate.warm('/a');
    await gate.purge('/a', { 'Purge-Mode': 'soft' });
    site.answer = (response) => response.writeHead(500).end();
    expect(await ask(`${gate.url}/a`)).toMatchObject({ status: 200, body: 'answer 1' });
    expect(site.asked).toHaveLength(2);
    expect(await gate.purge('/a')).toEqual(purged(1));
    expect((await ask(`${gate.url}/a`)).status).toBe(500);
  });
});

describe('PURGE', () => {
  it('comes before web origin, limit and session of its service', async () => {
    const session = { authority: 'http', url: 'http://127.0.0.1:1' } as const;
    const rate_limit = { session: { limit: 1 }, address: { limit: 1 } };
    const cors = { origins: ['https://a.example'] };
    await start({ services: { site: { cors, session, rate_limit, methods: ['GET'] } } });
    for (let i = 0; i < 5; i++) expect(await gate.purge('/a')).toEqual(purged(0));
  });

  it('is a method like any other where it is off', async () => {
    await start({
      settings: { purge: 'off' },
      services: { site: {}, get: { path: '/get', methods: ['GET'] } },
    });
    await gate.warm('/a');
    const response = await fetch(`${gate.url}/a`, { method: 'PURGE' });
    expect(await response.text()).toBe('answer 2');
    expect((await fetch(`${gate.url}/get`, { method: 'PURGE' })).status).toBe(405);
    expect(site.asked).toEqual(['GET /a', 'PURGE /a']);
  });

  it('without a store finds nothing', async () => {
    await start({ settings: { store: 'none:', purge: { addresses: ['127.0.0.1'] } } });
    expect(await gate.purge('/a', { 'Purge-Wait': 'true' })).toEqual(purged(0));
    expect(await gate.purge('/', { 'Cache-Tag': 'a' })).toEqual(purged(0));
  });

  it('is logged', async () => {
    await start();
    site.fields.set('/a', { 'Cache-Tag': 'news' });
    await gate.warm('/a', '/b');
    await gate.purge('/', { 'Cache-Tag': 'news', 'Purge-Mode': 'soft', 'X-Request-Id': 'from-the-caller' });
    await gate.purge('/b?secret=1', { 'Purge-Wait': 'true' });
    const lines = gate.log.filter(({ operation }) => operation === 'purge');
    expect(lines.map(({ msg }) => msg)).toEqual([
      'Purged 1 response by tag news (soft)',
      'Purged 0 responses by URL /b (hard)',
    ]);
    expect(lines[0]).toMatchObject({ by: 'tag', mode: 'soft', purged: 1, correlationId: 'from-the-caller' });
    expect(lines[1]).toMatchObject({ by: 'url', mode: 'hard', wait: true, duration: expect.any(Number) });
    expect(JSON.stringify(gate.log)).not.toContain('secret=1');
  });
});

describe('a purge in code', () => {
  it('is the same, whether or not the listener takes it', async () => {
    await start({ settings: { purge: 'off' } });
    site.fields.set('/a', { 'Cache-Tag': 'news' });
    await gate.warm('/a', '/b', '/c');
    const { server } = gate;
    expect(await server.purge({ tags: ['news'] })).toEqual({ purged: 1 });
    expect(await server.purge({ url: 'https://www.site.example/b', mode: 'hard', wait: true })).toEqual({
      purged: 1,
    });
    expect(await server.purge({ service: 'site', mode: 'soft' })).toEqual({ purged: 1 });
    expect(await server.purge({ service: 'site' })).toEqual({ purged: 1 });
    expect(await server.purge({ service: 'site' })).toEqual({ purged: 0 });
  });

  it.each([
    [{ url: 'ftp://a' }, 'ERR_PURGE_INVALID'],
    [{ tags: [] }, 'ERR_PURGE_INVALID'],
    [{ service: 'other' }, 'ERR_PURGE_NO_SERVICE'],
  ])('of %j is refused by its code', async (request, code) => {
    await start();
    await expect(gate.server.purge(request)).rejects.toMatchObject({ code });
  });
});
