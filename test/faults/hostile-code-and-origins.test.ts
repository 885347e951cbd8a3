import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/schema.ts';
import type { Transform } from '../../src/gateway/transform.ts';
import { type RunningProxy, startProxy, withCache } from '../support/proxy.ts';

// What other people's code, clients and origins may do without harm to anyone else.

let proxy: RunningProxy;
afterEach(() => proxy.close());

const withService = (change: Partial<Config['services'][string]>) => (config: Config) => ({
  ...config,
  services: { default: { ...config.services.default!, ...change } },
});
const withTransform = (code: object) =>
  withService({ transform: { options: {}, ...(code as Transform) } as never });
const status = (response: Response) => response.headers.get('cache-status');

describe('a transform', () => {
  it.each([
    [
      'throws',
      () => {
        throw new Error('boom');
      },
    ],
    ['gives nothing', () => undefined],
    ['gives no path', () => ({ target: 'x' })],
    ['gives a status that is none', () => ({ status: 1_000, error: 'x' })],
    ['is async', async () => ({ target: '/' })],
    ['rejects', () => Promise.reject(new Error('boom'))],
  ])('whose request %s costs its caller a 500 and nobody else', async (_, request) => {
    proxy = await startProxy((_request, response) => response.end('x'), withTransform({ request }));
    for (let i = 0; i < 2; i++) expect((await proxy.get('/')).status).toBe(500);
    expect(proxy.asked).toEqual([]);
  });

  it.each([
    [
      'throws',
      async () => {
        throw new Error('boom');
      },
    ],
    ['gives nothing', async () => undefined],
    ['gives a status that is none', async () => ({ status: 99, body: 'x' })],
    ['gives no text', async () => ({ status: 200, body: 5 })],
    ['breaks a field', async () => ({ status: 200, headers: { 'x-a': '1\n2' }, body: 'x' })],
    ['frames the message', async () => ({ status: 200, headers: { 'Content-Length': '1' }, body: 'x' })],
  ])('whose response %s costs its caller a 500 and nobody else', async (_, response) => {
    proxy = await startProxy(
      (_request, answer) => answer.end('x'.repeat(500_000)),
      (config) => withService({ connections: 2 })(withTransform({ response })(config)),
    );
    for (let i = 0; i < 5; i++) expect((await proxy.get('/')).status).toBe(500);
  });

  it('that never ends is given up', async () => {
    const timeouts = { connect_ms: 100, headers_ms: 50, body_ms: 50, stall_ms: 1_000, collapse_ms: 10_000 };
    proxy = await startProxy(
      (_request, answer) => answer.end('x'),
      (config) => withService({ timeouts })(withTransform({ response: () => new Promise(() => {}) })(config)),
    );
    expect((await proxy.get('/')).status).toBe(502);
  });

  it('works where nothing is cached, and does not hide what the origin says of caching', async () => {
    const response: Transform['response'] = async (origin) => ({ status: 200, body: await origin.text() });
    proxy = await startProxy(
      (_request, answer) => answer.writeHead(200, { 'Cache-Control': 'no-store' }).end('body'),
      (config) => withCache({ ttl_seconds: 60 })(withTransform({ response })(config)),
    );
    for (let i = 0; i < 2; i++) expect(await (await proxy.get('/')).text()).toBe('body');
    expect(proxy.asked).toHaveLength(2);
    await proxy.close();
    proxy = await startProxy(
      (_request, answer) => answer.end('body'),
      (config) => withService({ cache: 'off' })(withTransform({ response })(config)),
    );
    expect(await (await proxy.get('/')).text()).toBe('body');
  });
});

describe('an origin', () => {
  it('may announce trailers', async () => {
    proxy = await startProxy((_request, response) => {
      response.writeHead(200, {
        'Cache-Control': 'max-age=60',
        Trailer: 'X-T',
        'Transfer-Encoding': 'chunked',
      });
      response.addTrailers({ 'X-T': '1' });
      response.end('body');
    });
    for (let i = 0; i < 2; i++) expect(await (await proxy.get('/')).text()).toBe('body');
    expect(proxy.asked).toHaveLength(1);
  });

  it('may give the length of what a 304 does not bring', async () => {
    proxy = await startProxy(
      (request, response) => {
        request.socket.end(
          'HTTP/1.1 304 Not Modified\r\nETag: "v1"\r\nContent-Length: 4\r\nConnection: close\r\n\r\n',
        );
        response.destroy();
      },
      withService({ cache: 'off' }),
    );
    const response = await proxy.get('/', { 'If-None-Match': '"v1"' });
    expect([response.status, await response.text()]).toEqual([304, '']);
  });

  it('may make a response private by a 304: then nobody else gets it', async () => {
    proxy = await startProxy((request, response) => {
      const known = request.headers['if-none-match'] !== undefined;
      const control = known ? 'private, max-age=600' : 'max-age=0';
      response
        .writeHead(known ? 304 : 200, { 'Cache-Control': control, ETag: '"v1"' })
        .end(known ? '' : 'body');
    });
    await (await proxy.get('/')).text();
    await (await proxy.get('/')).text();
    await expect
      .poll(async () => {
        const response = await proxy.get('/');
        await response.text();
        return status(response);
      })
      .toMatch(/fwd=uri-miss/);
  });

  it('that streams without end is cut off when nobody reads', async () => {
    let open = 0;
    proxy = await startProxy(
      (_request, response) => {
        open++;
        response.once('close', () => open--);
        response.writeHead(200, { 'Cache-Control': 'max-age=60', ETag: '"v1"' });
        const timer = setInterval(() => response.write(Buffer.alloc(64 * 1024)), 1);
        response.once('close', () => clearInterval(timer));
      },
      withCache({ max_body_bytes: 100_000 }),
    );
    expect((await proxy.get('/', { 'If-None-Match': '*', 'Cache-Control': 'max-age=1' })).status).toBe(304);
    await expect.poll(() => open).toBe(0);
  });

  it('is asked for no longer than its deadline, waiting for a free connection included', async () => {
    const timeouts = { connect_ms: 50, headers_ms: 100, body_ms: 100, stall_ms: 1_000, collapse_ms: 10_000 };
    proxy = await startProxy(() => {}, withService({ connections: 1, timeouts }));
    const answers = await Promise.all(Array.from({ length: 8 }, (_, i) => proxy.get(`/${i}`)));
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([504]));
  });
});

describe('a client', () => {
  it('cannot store what its GET’s content made', async () => {
    proxy = await startProxy((request, response) => {
      response.writeHead(200, { 'Cache-Control': 'max-age=60' });
      response.write('for:');
      request.pipe(response);
    });
    const answer = await exchange(
      'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n\r\nevil',
    );
    expect(answer).toContain('evil');
    const plain = await proxy.get('/');
    expect([await plain.text(), status(plain)]).toEqual(['for:', expect.stringContaining('uri-miss')]);
  });

  it('cannot hold others up with content that it never finishes', async () => {
    proxy = await startProxy((request, response) => {
      request.resume().on('end', () => response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end('x'));
    });
    const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc');
    await expect.poll(() => proxy.asked.length).toBe(1);
    expect(await (await proxy.get('/')).text()).toBe('x');
    socket.destroy();
  });

  it('that pipelines requests and goes leaves no origin connection behind', async () => {
    let open = 0;
    proxy = await startProxy(
      (request, response) => {
        if (request.url === '/probe') return void response.end('alive');
        open++;
        response.once('close', () => open--);
        if (request.url === '/big') response.end(Buffer.alloc(64_000_000));
      },
      withService({ connections: 2 }),
    );
    const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
    socket.write('GET /hang HTTP/1.1\r\nHost: x\r\n\r\nGET /big HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => open).toBe(2);
    await delay(50);
    socket.destroy();
    await once(socket, 'close');
    expect(await (await proxy.get('/probe')).text()).toBe('alive');
    await expect.poll(() => open).toBe(0);
  });

  function exchange(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1', () => socket.write(text));
      let received = '';
      socket.on('data', (chunk) => {
        received += String(chunk);
      });
      socket.on('end', () => resolve(received));
      socket.on('error', reject);
    });
  }
});

describe('a resource that was changed', () => {
  it('is forgotten in every variant', async () => {
    let version = 1;
    proxy = await startProxy((request, response) => {
      if (request.method === 'POST') version++;
      response.writeHead(200, { 'Cache-Control': 'max-age=60', Vary: 'Accept-Language' });
      response.end(`${request.headers['accept-language']}${version}`);
    });
    const read = async (language: string) => (await proxy.get('/', { 'Accept-Language': language })).text();
    expect([await read('de'), await read('fr')]).toEqual(['de1', 'fr1']);
    await fetch(proxy.url, { method: 'POST' });
    expect([await read('de'), await read('fr')]).toEqual(['de2', 'fr2']);
    expect(proxy.asked).toHaveLength(5);
  });

  it('is not answered by a fetch that began before', async () => {
    let version = 1;
    const waiting: (() => void)[] = [];
    proxy = await startProxy((request, response) => {
      if (request.method === 'POST') version++;
      const text = `v${version}`;
      const answer = () => response.writeHead(200, { 'Cache-Control': 'max-age=60' }).end(text);
      if (text === 'v1' && request.method === 'GET') waiting.push(answer);
      else answer();
    });
    const before = proxy.get('/');
    await expect.poll(() => waiting.length).toBe(1);
    await fetch(proxy.url, { method: 'POST' });
    const after = proxy.get('/');
    expect(await (await after).text()).toBe('v2');
    waiting[0]!();
    expect(await (await before).text()).toBe('v1');
    await delay(20);
    expect(await (await proxy.get('/')).text()).toBe('v2');
  });
});

it('an answer that a guess calls fresh is not for those who send cookies', async () => {
  proxy = await startProxy((_request, response) => {
    response.writeHead(200, { 'Last-Modified': 'Sat, 01 Jan 2022 00:00:00 GMT' }).end('x');
  });
  await (await proxy.get('/')).text();
  expect(status(await proxy.get('/'))).toMatch(/hit/);
  expect(status(await proxy.get('/', { Cookie: 'a=b' }))).toMatch(/fwd=stale/);
  expect(status(await proxy.get('/'))).toMatch(/hit/);
});
