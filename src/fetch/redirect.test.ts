import { describe, expect, it } from 'vitest';
import { redirected } from './redirect.ts';
import { contentOf } from './request-content.ts';

const HEADERS = { authorization: 'a', cookie: 'b', 'content-language': 'en', 'x-own': 'c' };

function follow(status: number, location: string | null, init: RequestInit = {}) {
  const request = new Request('https://one.test/a/b', { headers: HEADERS, ...init });
  const headers = location === null ? {} : { location };
  const response = new Response(null, { status, headers });
  return redirected(request, contentOf(request, init.body), response);
}

const post = (body: NonNullable<RequestInit['body']>): RequestInit => ({
  method: 'POST',
  body,
  duplex: 'half',
});

describe('a redirect', () => {
  it('leads to a place relative to the request', () => {
    expect(follow(302, 'c?d')!.url).toBe('https://one.test/a/c?d');
    expect(follow(302, null)).toBeNull();
  });

  it('leads to a place whose bytes are UTF-8', () => {
    const received = Buffer.from('/café').toString('latin1');
    expect(follow(302, received)!.url).toBe('https://one.test/caf%C3%A9');
  });

  it.each(['http://[', 'ftp://one.test/', 'https://user@one.test/', 'https://:pass@two.test/'])(
    'to %s leads nowhere',
    (location) => {
      expect(() => follow(302, location)).toThrow(TypeError);
    },
  );

  it.each([
    [301, 'POST', 'GET', ''],
    [302, 'POST', 'GET', ''],
    [303, 'POST', 'GET', ''],
    [303, 'PUT', 'GET', ''],
    [301, 'PUT', 'PUT', 'x'],
    [307, 'POST', 'POST', 'x'],
    [308, 'POST', 'POST', 'x'],
  ])('%d of a %s asks with %s', async (status, method, then, content) => {
    const next = follow(status, '/', { method, body: 'x' })!;
    expect(next.method).toBe(then);
    expect(await next.text()).toBe(content);
    expect(next.headers.get('content-language')).toBe(content === '' ? null : 'en');
    expect(next.headers.get('x-own')).toBe('c');
  });

  it('leaves a HEAD what it is', () => {
    for (const status of [301, 303, 308])
      expect(follow(status, '/', { method: 'HEAD' })!.method).toBe('HEAD');
  });

  it('takes credentials to its own origin alone', () => {
    expect(follow(302, '/')!.headers.get('authorization')).toBe('a');
    for (const place of ['https://two.test/', 'http://one.test/', 'https://one.test:444/']) {
      const { headers } = follow(307, place)!;
      expect([headers.get('authorization'), headers.get('cookie')]).toEqual([null, null]);
      expect(headers.get('x-own')).toBe('c');
    }
  });

  it('sends a form again with a boundary of its own', async () => {
    const form = new FormData();
    form.set('a', 'b');
    expect((await follow(307, '/', post(form))!.formData()).get('a')).toBe('b');
  });

  it('can not send a stream again', () => {
    const stream = () => new Blob(['x']).stream();
    expect(() => follow(307, '/', post(stream()))).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ code: 'ERR_FETCH_UNSUPPORTED' }) }),
    );
    expect(follow(303, '/', post(stream()))!.method).toBe('GET');
  });
});
