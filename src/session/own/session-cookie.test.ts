import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSessionCookie, type SessionCookieOptions } from './session-cookie.ts';

const cookie = (options: Partial<SessionCookieOptions> = {}) =>
  createSessionCookie({ name: 'session', secure: true, sameSite: 'Lax', path: '/', ...options });

describe('the session cookie', () => {
  test.each<[Partial<SessionCookieOptions>, string]>([
    [{}, '__Host-session'],
    [{ name: '__Host-session' }, '__Host-session'],
    [{ path: '/app' }, '__Secure-session'],
    [{ domain: 'example.com' }, '__Secure-session'],
    [{ name: '__Secure-session', domain: 'example.com' }, '__Secure-session'],
    [{ secure: false }, 'session'],
    [{ secure: false, path: '/app', domain: 'example.com' }, 'session'],
  ])('with %j is called %s', (options, name) => {
    const made = cookie(options);
    expect(made.name).toBe(name);
    expect(made.set('a.b.c', 60)).toMatch(new RegExp(`^${name}=a\\.b\\.c; `));
    expect(made.read(`${name}=a.b.c`)).toBe('a.b.c');
  });

  test('is given with all that protects it, and taken away with the same', () => {
    expect(cookie().set('a.b.c', 1800)).toBe(
      '__Host-session=a.b.c; Max-Age=1800; Path=/; Secure; HttpOnly; SameSite=Lax',
    );
    expect(cookie().clear()).toBe(
      '__Host-session=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure; HttpOnly; SameSite=Lax',
    );
    const other = cookie({ secure: false, sameSite: 'Strict', path: '/app', domain: 'example.com' });
    expect(other.set('a.b.c', 1)).toBe(
      'session=a.b.c; Max-Age=1; Path=/app; Domain=example.com; HttpOnly; SameSite=Strict',
    );
    expect(cookie({ sameSite: 'None' }).set('t', 1)).toContain('; SameSite=None');
  });

  test.each<Partial<SessionCookieOptions>>([
    { sameSite: 'None', secure: false },
    { name: '' },
    { name: 'a b' },
    { name: 'a=b' },
    { name: 'a;b' },
    { name: 'sitzung\u00e4' },
    { name: '__Host-session', secure: false },
    { name: '__Host-session', path: '/app' },
    { name: '__Secure-session' },
    { name: '__host-session' },
    { name: '__Http-session' },
    { path: '' },
    { path: 'app' },
    { path: '/a; Domain=example.com' },
    { path: '/a\r\nSet-Cookie: x=y' },
    { domain: '' },
    { domain: 'example.com; Path=/x' },
    { domain: '.example.com' },
  ])('%j is a fault', (options) => {
    expect(() => cookie(options)).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }));
  });

  test('with more than 4096 bytes, attributes included, is not sent', () => {
    const rest = cookie().set('', 1800).length;
    expect(cookie().set('t'.repeat(4096 - rest), 1800)).toHaveLength(4096);
    expect(() => cookie().set('t'.repeat(4097 - rest), 1800)).toThrow(
      expect.objectContaining({
        code: 'ERR_SESSION_TOO_LARGE',
        message: expect.not.stringContaining('tttt'),
      }),
    );
  });
});

describe('of a request', () => {
  test.each<[string, string | null]>([
    ['', null],
    ['__Host-session=a', 'a'],
    ['x=1; __Host-session=a; y=2', 'a'],
    ['__Host-session=a; __Host-session=a', 'a'],
    // Another host of the domain, or another path, has set one of them.
    ['__Host-session=a; __Host-session=b', null],
    ['__Host-session=a; __Host-session=', null],
    ['__Host-session=a; __Host-session=b; __Host-session=a', null],
    // Without the prefix, in other letters, or with what other servers take for white space, it is another cookie.
    ['session=a', null],
    ['__Secure-session=a', null],
    ['__host-session=a', null],
    ['\u00a0__Host-session=a', null],
    ['\u2000__Host-session=a', null],
    ['=__Host-session=a', null],
    // RFC 2109's own attributes are cookies like any other, quotes hide nothing.
    ['$Version=1; x="y; __Host-session=a; z="', 'a'],
    ['__Host-session="a"', '"a"'],
    ['__Host-session', null],
  ])('%j is %j', (header, token) => expect(cookie().read(header)).toBe(token));

  test('two values never count, wherever they stand', () => {
    const other = fc.constantFrom('a=1', 'session=x', '__Host-sessio=x', '');
    fc.assert(
      fc.property(fc.array(other), fc.array(other), fc.array(other), (before, between, after) => {
        const pairs = [...before, '__Host-session=t1', ...between, '__Host-session=t2', ...after];
        expect(cookie().read(pairs.join('; '))).toBeNull();
        expect(cookie().read([...before, '__Host-session=t1', ...after].join(';'))).toBe('t1');
      }),
    );
  });
});
