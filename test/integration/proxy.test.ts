import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type RunningProxy, startProxy, withCache } from '../support/proxy.ts';

// `cachegate serve --origin URL`: with nothing else, a caching reverse proxy for any HTTP API.

let proxy: RunningProxy;
afterEach(() => proxy.close());

const status = (response: Response) => response.headers.get('cache-status');

describe('a plain proxy', () => {
  it('answers again from what may be stored, with Age and Cache-Status', async () => {
    proxy = await startProxy((_, response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=60', 'Content-Type': 'text/plain' }).end('body');
    });
    const first = await proxy.get('/a?b=1');
    expect(await first.text()).toBe('body');
    expect(status(first)).toBe('cachegate; fwd=uri-miss; fwd-status=200; stored');
    const second = await proxy.get('/a?b=1');
    expect(await second.text()).toBe('body');
    expect(status(second)).toMatch(/^cachegate; hit; ttl=(60|59|58)$/);
    expect(second.headers.get('age')).toMatch(/^[0-2]$/);
    expect(second.headers.get('date')).toBe(first.headers.get('date'));
    await (await proxy.get('/a?b=2')).text();
    expect(proxy.asked).toEqual(['GET /a?b=1', 'GET /a?b=2']);
  });

  it.each([
    ['no-store', { 'Cache-Control': 'no-store, max-age=60' }],
    ['private', { 'Cache-Control': 'private, max-age=60' }],
    ['a cookie', { 'Cache-Control': 'max-age=60', 'Set-Cookie': 'a=b' }],
    ['no lifetime', {}],
    ['Vary: *', { 'Cache-Control': 'max-age=60', Vary: '*' }],
  ])('asks each time for what may not be: %s', async (_, headers) => {
    proxy = await startProxy((_request, response) => response.writeHead(200, headers as never).end('x'));
    for (let i = 0; i < 3; i++) await (await proxy.get('/')).text();
    expect(proxy.asked).toHaveLength(3);
  });

  it('keeps variants apart', async () => {
    proxy = await startProxy((request, response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=60', Vary: 'Accept-Language' });
      response.end(`in ${request.headers['accept-language']}`);
    });
    const ask = async (language: string) => {
      const response = await proxy.get('/', { 'Accept-Language': language });
      return [await response.text(), status(response)?.split(';')[1]?.trim()];
    };
    expect(await ask('de')).toEqual(['in de', 'fwd=uri-miss']);
    expect(await ask('fr')).toEqual(['in fr', 'fwd=vary-miss']);
    expect(await ask('de')).toEqual(['in de', 'hit']);
    expect(await ask('fr')).toEqual(['in fr', 'hit']);
    expect(proxy.asked).toHaveLength(2);
  });

  it('selects by nothing that Connection keeps from the origin', async () => {
    proxy = await startProxy((request, response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=60', Vary: 'Accept-Language' });
      response.end(`in ${request.headers['accept-language']}`);
    });
    const hidden = await rawGet(proxy.url, ['Accept-Language: de', 'Connection: close, accept-language']);
    expect(hidden).toContain('in undefined');
    expect(await (await proxy.get('/', { 'Accept-Language': 'de' })).text()).toBe('in de');
  });

  it('validates a stale response, and freshens it by a 304', async () => {
    proxy = await startProxy((request, response) => {
      const headers = { 'Cache-Control': 'max-age=0', ETag: '"v1"', 'X-Count': String(proxy.asked.length) };
      const unchanged = request.headers['if-none-match'] === '"v1"';
      response.writeHead(unchanged ? 304 : 200, headers).end(unchanged ? undefined : 'body');
    });
    await (await proxy.get()).text();
    const second = await proxy.get();
    expect(second.status).toBe(200);
    expect(await second.text()).toBe('body');
    expect(second.headers.get('x-count')).toBe('2');
    expect(status(second)).toBe('cachegate; fwd=stale; fwd-status=304; stored');
  });

  it('answers a client’s own condition from what is stored', async () => {
    proxy = await startProxy((_, response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=60', ETag: '"v1"' }).end('body');
    });
    await (await proxy.get()).text();
    // Without a Cache-Control of ours, fetch adds "no-cache" to conditional requests.
    const own = { 'Cache-Control': 'max-age=60' };
    const unchanged = await proxy.get('/', { ...own, 'If-None-Match': 'W/"v1"' });
    expect(unchanged.status).toBe(304);
    expect(unchanged.headers.get('etag')).toBe('"v1"');
    const changed = await proxy.get('/', { ...own, 'If-None-Match': '"v0"' });
    expect([changed.status, await changed.text()]).toEqual([200, 'body']);
    expect(proxy.asked).toHaveLength(1);
  });

  it('asks the origin for the whole even where a client’s condition came first', async () => {
    proxy = await startProxy((request, response) => {
      expect(request.headers['if-none-match']).toBeUndefined();
      response.writeHead(200, { 'Cache-Control': 'max-age=60', ETag: '"v1"' }).end('body');
    });
    expect((await proxy.get('/', { 'If-None-Match': '"v1"' })).status).toBe(304);
    const second = await proxy.get();
    expect([await second.text(), status(second)?.includes('hit')]).toEqual(['body', true]);
  });

  it('serves stale in the place of an error, as long as it may', async () => {
    let broken = false;
    proxy = await startProxy((request, response) => {
      if (broken && request.url === '/gone') request.socket.destroy();
      else if (broken) response.writeHead(503).end('away');
      else response.writeHead(200, { 'Cache-Control': 'max-age=0, stale-if-error=60' }).end('body');
    });
    await (await proxy.get('/gone')).text();
    await (await proxy.get('/busy')).text();
    broken = true;
    for (const path of ['/gone', '/busy']) {
      const response = await proxy.get(path);
      expect([response.status, await response.text()]).toEqual([200, 'body']);
    }
    expect((await proxy.get('/never-seen')).status).toBe(503);
  });

  it('serves stale while it validates in the background, once', async () => {
    let version = 1;
    proxy = await startProxy((_, response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=0, stale-while-revalidate=60' }).end(`v${version}`);
    });
    await (await proxy.get()).text();
    version = 2;
    expect(await (await proxy.get()).text()).toBe('v1');
    await expect.poll(() => proxy.asked.length).toBe(2);
    await expect.poll(async () => (await proxy.get()).text()).toBe('v2');
  });

  it('forgets a resource that an unsafe request changed', async () => {
    let version = 1;
    proxy = await startProxy((request, response) => {
      if (request.method === 'PUT') version++;
      response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end(`v${version}`);
    });
    expect(await (await proxy.get("/the'thing")).text()).toBe('v1');
    await fetch(`${proxy.url}/the'thing`, { method: 'PUT', body: 'new' });
    expect(await (await proxy.get("/the'thing")).text()).toBe('v2');
  });

  it('does not store what broke off, and lets the client see it', async () => {
    let cut = true;
    proxy = await startProxy((request, response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=60', 'Content-Length': '100' });
      response.write('half');
      if (cut) setImmediate(() => request.socket.destroy());
      else response.end('x'.repeat(96));
    });
    await expect(proxy.get().then((response) => response.text())).rejects.toThrow();
    cut = false;
    expect(await (await proxy.get()).text()).toHaveLength(100);
    expect(proxy.asked).toHaveLength(2);
  });

  it('passes on content longer than it stores, and stores it not', async () => {
    const big = Buffer.alloc(300_000, 'x');
    proxy = await startProxy(
      (_, response) => response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end(big),
      withCache({ max_body_bytes: 100_000 }),
    );
    for (let i = 0; i < 2; i++) expect((await (await proxy.get()).arrayBuffer()).byteLength).toBe(big.length);
    expect(proxy.asked).toHaveLength(2);
  });

  it('passes on what a client sends, and an answer as it arrives', async () => {
    proxy = await startProxy((request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/plain' });
      request.pipe(response);
    });
    const echoed = await new Promise<string>((resolve, reject) => {
      const outgoing = httpRequest(`${proxy.url}/echo`, { method: 'POST' }, (response: IncomingMessage) => {
        // The first part comes back before the last is sent.
        response.once('data', (first) => {
          outgoing.end(' second');
          let text = String(first);
          response.on('data', (chunk) => (text += String(chunk)));
          response.on('end', () => resolve(text));
        });
      });
      outgoing.on('error', reject);
      outgoing.write('first');
    });
    expect(echoed).toBe('first second');
  });

  it.each(['OPTIONS', 'PROPFIND', 'M-SEARCH'])('passes on %s', async (method) => {
    proxy = await startProxy((request, response) => response.end(`was ${request.method}`));
    const answer = await rawExchange(proxy.url, `${method} / HTTP/1.1`, ['Connection: close']);
    expect(answer).toContain(`was ${method}`);
  });

  it('keeps to only-if-cached', async () => {
    proxy = await startProxy((_, response) => response.end('x'));
    const response = await proxy.get('/', { 'Cache-Control': 'only-if-cached' });
    expect(response.status).toBe(504);
    expect(proxy.asked).toEqual([]);
  });

  it('takes its own lifetimes where the file says so, errors too', async () => {
    proxy = await startProxy(
      (request, response) => {
        response.writeHead(request.url === '/missing' ? 404 : 200, { 'Cache-Control': 'private, no-store' });
        response.end('x');
      },
      withCache({ ttl_seconds: 60, force: true, negative_ttl_seconds: { '404': 10 } }),
    );
    for (const path of ['/there', '/missing']) {
      await (await proxy.get(path)).text();
      expect(status(await proxy.get(path, { 'Cache-Control': 'no-cache', Cookie: 'a=b' }))).toContain('hit');
    }
    expect(proxy.asked).toEqual(['GET /there', 'GET /missing']);
  });

  it.each([
    ['GET /a/../b', 400],
    ['GET /a%2fb', 400],
    ['GET //a', 400],
    ['GET /a#b', 400],
    ['TRACE /', 405],
  ])('refuses %s', async (line, expected) => {
    proxy = await startProxy((_, response) => response.end('x'));
    const answer = await rawExchange(proxy.url, `${line} HTTP/1.1`, ['Connection: close']);
    expect(answer.split(' ')[1]).toBe(String(expected));
    expect(proxy.asked).toEqual([]);
  });

  it('says 502 when the origin is not there, and 504 when it is silent', async () => {
    proxy = await startProxy(
      (request) => (request.url === '/cut' ? request.socket.destroy() : undefined),
      (config) => {
        const service = config.services.default!;
        const timeouts = { ...service.timeouts, headers_ms: 100 };
        return { ...config, services: { default: { ...service, timeouts } } };
      },
    );
    const cut = await proxy.get('/cut');
    expect([cut.status, status(cut)]).toEqual([502, 'cachegate; fwd=miss; detail=ERR_ORIGIN_PROTOCOL']);
    expect((await proxy.get('/silent')).status).toBe(504);
  });
});

const rawGet = (url: string, fields: string[]) => rawExchange(url, 'GET / HTTP/1.1', fields);

/** Sends a request as it is written, and answers all that comes until the connection is closed. */
function rawExchange(url: string, line: string, fields: string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(`${[line, 'Host: x', ...fields].join('\r\n')}\r\n\r\n`);
    });
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
    });
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
}
