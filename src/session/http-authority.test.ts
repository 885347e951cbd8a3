import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Authority } from './authority.ts';
import { createHttpAuthority } from './http-authority.ts';

let server: Server;
let authority: Authority;
const asked: string[] = [];

async function start(listener: RequestListener, path = '/admin/api', timeoutMs = 2_000): Promise<void> {
  asked.length = 0;
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.cookie}`);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = new URL(`http://127.0.0.1:${port}${path}`);
  authority = createHttpAuthority({ name: 'Wagtail', url, cookieName: 'sessionid', timeoutMs });
}
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await authority.close();
});

const verdict = async () => (await authority.validate('abc', 'r1')).verdict;

describe('an authority over HTTP', () => {
  it.each([
    [200, 'valid'],
    [204, 'valid'],
    [401, 'invalid'],
    [403, 'invalid'],
    [404, 'unavailable'],
    [429, 'unavailable'],
    [500, 'unavailable'],
    [503, 'unavailable'],
  ] as const)('%i is %s', async (status, expected) => {
    await start((_, response) => response.writeHead(status).end());
    expect(await verdict()).toBe(expected);
    expect(asked).toEqual(['GET /admin/api sessionid=abc']);
  });

  it('a redirect to a login page is invalid, and is not followed', async () => {
    await start((_, response) =>
      response.writeHead(302, { Location: '/admin/login/?next=/admin/api' }).end(),
    );
    expect(await verdict()).toBe('invalid');
    expect(asked).toHaveLength(1);
  });

  it('a redirect that only adds a slash is followed, once', async () => {
    await start((request, response) => {
      if (request.url === '/admin/api') response.writeHead(301, { Location: '/admin/api/' }).end();
      else response.writeHead(200).end();
    });
    expect(await verdict()).toBe('valid');
    expect(asked).toEqual(['GET /admin/api sessionid=abc', 'GET /admin/api/ sessionid=abc']);
  });

  it('a slash on another origin, or with another query, is no slash redirect', async () => {
    const away = 'http://127.0.0.1:9/admin/api/';
    await start((_, response) => response.writeHead(301, { Location: away }).end());
    expect(await verdict()).toBe('invalid');
    expect(asked).toHaveLength(1);
  });

  it('does not follow slashes for ever', async () => {
    await start((request, response) => response.writeHead(301, { Location: `${request.url}/` }).end());
    expect(await verdict()).toBe('invalid');
    expect(asked).toHaveLength(2);
  });

  it('silence is unavailable after the deadline', async () => {
    await start(() => {}, '/', 100);
    expect(await authority.validate('abc', 'r1')).toEqual({
      verdict: 'unavailable',
      detail: 'no answer within 100 ms',
    });
  });

  it('a broken connection is unavailable', async () => {
    await start((request) => request.socket.destroy());
    expect(await verdict()).toBe('unavailable');
  });

  it('the verdict stands with the status, whatever the body does', async () => {
    await start((request, response) => {
      response.writeHead(200, { 'Content-Length': '1000' });
      response.write('half');
      setImmediate(() => request.socket.destroy());
    });
    expect(await verdict()).toBe('valid');
  });
});
