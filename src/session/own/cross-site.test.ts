import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allowedOrigins, isCrossSite } from './cross-site.ts';
import type { SessionRequest } from './session.ts';

const ALLOWED = allowedOrigins(['https://partner.example', 'http://localhost:3000']);

const request = (fields: Partial<SessionRequest>): SessionRequest => ({
  method: 'POST',
  cookie: 'session=a',
  origin: undefined,
  fetchSite: undefined,
  host: 'app.example',
  ...fields,
});

/** What a browser sends with forms and scripts: `Sec-Fetch-Site`, `Origin`, `Host`. */
type Row = [
  site: string | undefined,
  origin: string | undefined,
  host: string | undefined,
  crossSite: boolean,
];

describe('a request that would change something', () => {
  test.each<Row>([
    ['same-origin', 'https://app.example', 'app.example', false],
    ['none', undefined, 'app.example', false],
    // A page with `Referrer-Policy: no-referrer`; a proxy that rewrites `Host`.
    ['same-origin', 'null', 'app.example', false],
    ['same-origin', 'https://app.example', 'backend:8080', false],

    ['cross-site', 'https://evil.example', 'app.example', true],
    ['cross-site', 'null', 'app.example', true],
    ['cross-site', undefined, 'app.example', true],
    ['same-site', 'https://blog.app.example', 'app.example', true],
    ['same-site', undefined, 'app.example', true],
    // The same host by another scheme, which anybody on the way can have written.
    ['cross-site', 'http://app.example', 'app.example', true],
    ['cross-site', 'https://partner.example', 'app.example', false],
    ['same-site', 'https://partner.example', 'app.example', false],
    // No value that is known.
    ['Same-Origin', 'https://evil.example', 'app.example', true],
    ['same-origin, cross-site', undefined, 'app.example', true],
    ['', undefined, 'app.example', true],

    [undefined, 'https://app.example', 'app.example', false],
    [undefined, 'http://app.example', 'app.example', false],
    [undefined, 'https://app.example', 'APP.example', false],
    [undefined, 'https://app.example', 'app.example:443', false],
    [undefined, 'http://app.example', 'app.example:80', false],
    [undefined, 'https://app.example:8443', 'app.example:8443', false],
    [undefined, 'http://[::1]:3000', '[::1]:3000', false],
    [undefined, 'https://partner.example', 'app.example', false],
    [undefined, 'https://partner.example:443', 'app.example', false],
    [undefined, 'http://localhost:3000', 'localhost:8080', false],

    [undefined, 'https://evil.example', 'app.example', true],
    [undefined, 'null', 'app.example', true],
    [undefined, 'null', 'null', true],
    [undefined, '', 'app.example', true],
    [undefined, 'https://app.example:8443', 'app.example', true],
    [undefined, 'http://app.example', 'app.example:443', true],
    [undefined, 'ftp://app.example', 'app.example', true],
    [undefined, 'https://app.example.evil.example', 'app.example', true],
    [undefined, 'https://evilapp.example', 'app.example', true],
    [undefined, 'https://evil.example/app.example', 'app.example', true],
    [undefined, 'https://app.example@evil.example', 'app.example', true],
    [undefined, 'https://app.example, https://evil.example', 'app.example', true],
    [undefined, 'https://app.example', undefined, true],
    [undefined, 'https://app.example', '', true],
    [undefined, 'https://app.example', 'app.example/', true],
    [undefined, 'https://*', '*', true],
    [undefined, 'http://partner.example', 'app.example', true],
    [undefined, 'https://sub.partner.example', 'app.example', true],
    [undefined, 'http://localhost:3001', 'localhost:8080', true],

    // No page of another site: what browsers send with one has a field that says so.
    [undefined, undefined, 'app.example', false],
  ])('site %j, origin %j, host %j: %j', (fetchSite, origin, host, crossSite) => {
    expect(isCrossSite(request({ fetchSite, origin, host }), ALLOWED)).toBe(crossSite);
  });

  test.each(['PUT', 'PATCH', 'DELETE', 'QUERY', 'CONNECT', 'get', ''])('by %j is judged', (method) => {
    expect(isCrossSite(request({ method, fetchSite: 'cross-site' }), ALLOWED)).toBe(true);
  });

  test('is judged by origins alone, never by a part of their text', () => {
    const label = fc.stringMatching(/^[a-z0-9-]{1,8}$/);
    fc.assert(
      fc.property(label, label, fc.constantFrom('.', '-', ''), (before, after, by) => {
        const origins = [
          `https://${before}${by}app.example`,
          `https://app.example${by}${after}`,
          `https://${before}${by}partner.example`,
          `https://partner.example.${after}`,
          `${before}https://partner.example`,
        ];
        for (const origin of origins) {
          expect(isCrossSite(request({ origin }), ALLOWED), origin).toBe(true);
          expect(isCrossSite(request({ origin, fetchSite: 'cross-site' }), ALLOWED), origin).toBe(true);
        }
      }),
    );
  });
});

test.each(['GET', 'HEAD', 'OPTIONS', 'TRACE'])('%s changes nothing, wherever it is from', (method) => {
  const evil = { origin: 'https://evil.example', fetchSite: 'cross-site' };
  expect(isCrossSite(request({ method, ...evil }), ALLOWED)).toBe(false);
});

test('the origins that are let in are web origins', () => {
  expect([...allowedOrigins(['HTTPS://Partner.Example:443', 'http://a.example:81'])]).toEqual([
    'https://partner.example',
    'http://a.example:81',
  ]);
  for (const text of ['*', 'https://*', 'partner.example', 'https://partner.example/', 'null', '']) {
    expect(() => allowedOrigins([text])).toThrow(expect.objectContaining({ code: 'ERR_CONFIG_INVALID' }));
  }
});
