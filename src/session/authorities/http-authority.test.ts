import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createUndiciAsker } from '../../gateway/undici-asker.ts';
import { createFetchAsker } from '../../serverless/fetch-asker.ts';
import { createStoreKeys } from '../../store/keys.ts';
import type { Authority } from '../authority.ts';
import { createSessionPresenter } from '../presented-session.ts';
import { createHttpAuthority, type HttpAuthorityOptions } from './http-authority.ts';

const present = createSessionPresenter({
  ...{ service: 'api', authority: '', keys: createStoreKeys('', 'secret'), idInKey: 'plain', forwards: true },
});
const SESSION = present('abc')!;
const ASKED = { openAsker: createUndiciAsker };
const ASKERS = [
  ['undici', createUndiciAsker],
  ['fetch', createFetchAsker(fetch).open],
] as const;

let server: Server;
let authority: Authority;
const asked: string[] = [];
let headers: IncomingHttpHeaders = {};

async function startWith(options: Partial<HttpAuthorityOptions>, listener: RequestListener, path = '/me') {
  asked.length = 0;
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.cookie}`);
    headers = request.headers;
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = new URL(`http://127.0.0.1:${port}${path}`);
  authority = createHttpAuthority({ ...ASKED, name: 'Wagtail', url, timeoutMs: 2_000, ...options });
}

function start(listener: RequestListener, path = '/admin/api', timeoutMs = 2_000): Promise<void> {
  return startWith({ cookieName: 'sessionid', timeoutMs }, listener, path);
}

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await authority.close();
});

const verdict = async () => (await authority.validate(SESSION, 'r1')).verdict;

describe.each(ASKERS)('asked by %s:', (_, openAsker) => {
  beforeAll(() => void Object.assign(ASKED, { openAsker }));

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
      expect(await authority.validate(SESSION, 'r1')).toEqual({
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

  describe('a generic authority over HTTP', () => {
    it('is asked in the way that it is set up for', async () => {
      await startWith({ method: 'POST', fieldName: 'X-Session', bearer: true }, (_, response) =>
        response.end(),
      );
      expect(await verdict()).toBe('valid');
      expect(asked).toEqual(['POST /me undefined']);
      expect(headers).toMatchObject({
        'x-session': 'abc',
        authorization: 'Bearer abc',
        'x-request-id': 'r1',
      });
    });

    it('is sent what is forwarded, which never stands in for the id', async () => {
      await startWith({ cookieName: 'sid', bearer: true }, (_, response) => response.end());
      const forwarded = [
        'x-tenant',
        'a',
        'accept',
        'text/x',
        'authorization',
        'Bearer other',
        'cookie',
        'shop=b; c=d',
      ];
      await authority.validate(present('abc', forwarded)!, 'r1');
      expect(headers).toMatchObject({ 'x-tenant': 'a', accept: 'text/x', authorization: 'Bearer abc' });
      expect(headers.cookie).toBe('sid=abc; shop=b; c=d');
    });

    it('means by a status what it is set up for, a redirect and a slash too', async () => {
      let status = 404;
      const options = { cookieName: 'sid', valid: [204, '300-302'], invalid: [404] };
      await startWith(options, (_, response) => response.writeHead(status, { Location: '/me/' }).end());
      expect(await verdict()).toBe('invalid');
      const found = [];
      for (status of [204, 301, 200, 303, 403]) found.push(await verdict());
      expect(found).toEqual(['valid', 'valid', 'unavailable', 'unavailable', 'unavailable']);
      expect(asked.slice(0, 4)).toEqual(Array(4).fill('GET /me sid=abc'));
    });

    it.each([['600'], ['300-200'], ['2xx'], ['']])('refuses %j as a status', (range) => {
      const url = new URL('http://127.0.0.1');
      const make = () => createHttpAuthority({ ...ASKED, name: 'x', url, timeoutMs: 1, valid: [range] });
      expect(make).toThrow(/neither a status nor a range/);
    });
  });

  describe('whose a session is', () => {
    const JSON_SOURCES = {
      cookieName: 'sid',
      identity: { user: { json: '/user/id' }, roles: { json: '/user/roles' } },
    };
    const answer =
      (body: string | Buffer, type = 'application/json'): RequestListener =>
      (_, response) =>
        response.writeHead(200, { 'Content-Type': type }).end(body);
    const latin1 = (text: string) => Buffer.from(text).toString('latin1');
    const validation = () => authority.validate(SESSION, 'r1');

    it('stands in the body of a valid answer', async () => {
      await startWith(
        JSON_SOURCES,
        answer('{"user":{"id":7,"roles":["editor","admin","editor"]}}', 'application/x+json; a=b'),
      );
      expect(await validation()).toEqual({
        verdict: 'valid',
        identity: { user: '7', roles: ['admin', 'editor'] },
      });
      expect(headers.accept).toBe('application/json');
    });

    it('stands in its header fields, roles with commas and on several lines', async () => {
      const identity = { user: { header: 'X-User' }, roles: { header: 'X-Roles' } };
      await startWith({ cookieName: 'sid', identity }, (_, response) =>
        response
          .writeHead(200, ['X-User', latin1('adá'), 'X-Roles', 'editor, site admin', 'X-Roles', 'a'])
          .end('not json'),
      );
      expect(await validation()).toEqual({
        ...{ verdict: 'valid', identity: { user: 'adá', roles: ['a', 'editor', 'site admin'] } },
      });
    });

    it('has no roles where the answer has none, and no user where none is asked for', async () => {
      await startWith(
        { cookieName: 'sid', identity: { roles: { json: '/roles' } } },
        answer('{"roles":null}'),
      );
      expect(await validation()).toEqual({ verdict: 'valid', identity: { user: null, roles: [] } });
    });

    it.each<[string, string | Buffer, string]>([
      ['no user', '{"user":{"roles":[]}}', 'no user at /user/id'],
      ['an empty user', '{"user":{"id":""}}', 'no user at /user/id'],
      ['a user that is no name', '{"user":{"id":{"a":1}}}', 'no user at /user/id'],
      ['a number that stands for others too', '{"user":{"id":9007199254740993}}', 'no user at /user/id'],
      ['half a pair', '{"user":{"id":"\\ud800"}}', 'no user at /user/id'],
      ['a control', '{"user":{"id":"a\\nb"}}', 'no user at /user/id'],
      ['a user of inheritance', '{"user":"constructor"}', 'no user at /user/id'],
      ['roles that are none', '{"user":{"id":"a","roles":{"admin":true}}}', 'no usable roles at /user/roles'],
      ['roles of numbers', '{"user":{"id":"a","roles":[1]}}', 'no usable roles at /user/roles'],
      ['cut JSON', '{"user":{"id":"a"', 'a body that is no JSON'],
      ['no body', '', 'a body that is no JSON'],
      ['another charset', Buffer.from('{"user":{"id":"\xe9"}}', 'latin1'), 'a body that is no JSON'],
    ])('can’t be said with %s: unavailable', async (_, body, detail) => {
      await startWith(JSON_SOURCES, answer(body));
      expect(await validation()).toEqual({ verdict: 'unavailable', detail });
    });

    it('is not looked for in a page', async () => {
      await startWith(JSON_SOURCES, answer('{"user":{"id":"a"}}', 'text/html'));
      expect(await validation()).toEqual({ verdict: 'unavailable', detail: 'an answer that is no JSON' });
    });

    it('is not one of two users', async () => {
      await startWith({ cookieName: 'sid', identity: { user: { header: 'X-User' } } }, (_, response) =>
        response.writeHead(200, ['X-User', 'ada', 'X-User', 'eve']).end(),
      );
      expect(await validation()).toEqual({ verdict: 'unavailable', detail: 'no user in the field X-User' });
    });

    it('is not a name whose bytes are no text: another’s could look the same', async () => {
      await startWith({ cookieName: 'sid', identity: { user: { header: 'X-User' } } }, (request) => {
        request.socket.write(
          Buffer.from('HTTP/1.1 200 OK\r\nX-User: \xe9\r\nContent-Length: 0\r\n\r\n', 'latin1'),
        );
      });
      expect(await validation()).toEqual({ verdict: 'unavailable', detail: 'no user in the field X-User' });
    });

    it('is not waited for without end: neither for long bodies nor for slow ones', async () => {
      await startWith({ ...JSON_SOURCES, timeoutMs: 300 }, (request, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json' });
        if (request.headers['x-request-id'] === 'slow') response.write('{"user":');
        else response.end(Buffer.alloc(1_000_000, ' '));
      });
      expect(await validation()).toMatchObject({ detail: 'a body of more than 65536 bytes' });
      expect(await authority.validate(SESSION, 'slow')).toMatchObject({ detail: 'no answer within 300 ms' });
    });

    it('is unknown where the body breaks off', async () => {
      await startWith(JSON_SOURCES, (request, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '1000' });
        response.write('{"user":{"id":"a"}}');
        setImmediate(() => request.socket.destroy());
      });
      expect(await validation()).toMatchObject({ verdict: 'unavailable' });
    });
  });
});
