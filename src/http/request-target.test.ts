import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRequestTarget, type TargetRefusal } from './request-target.ts';

describe('origin-form and absolute-form (RFC 9112 §3.2.1, §3.2.2)', () => {
  test.each<[string, string | undefined, string, string | undefined]>([
    ['/', undefined, '/', undefined],
    ['/a/b.c', undefined, '/a/b.c', undefined],
    ['/a/', undefined, '/a/', undefined],
    ['/a?', undefined, '/a', ''],
    ['/a?b=c?d', undefined, '/a', 'b=c?d'],
    ['/.well-known/x', undefined, '/.well-known/x', undefined],
    ['/a/..b/...', undefined, '/a/..b/...', undefined],
    ['/caf%C3%A9/%41', undefined, '/caf%C3%A9/%41', undefined],
    ['/%252f', undefined, '/%252f', undefined],
    ['/a;b=1:c@d', undefined, '/a;b=1:c@d', undefined],
    // A query is passed on as it is: what is in it is the origin's alone to read.
    ['/a?p=%2Fx%2F..%5C&q=//../&r=100%&s=\\', undefined, '/a', 'p=%2Fx%2F..%5C&q=//../&r=100%&s=\\'],
    ['http://host', 'host', '/', undefined],
    ['http://host?a', 'host', '/', 'a'],
    ['HTTPS://Host.example:8443/a?b', 'Host.example:8443', '/a', 'b'],
    ['http://[::1]:80/a', '[::1]:80', '/a', undefined],
  ])('%s', (target, authority, path, query) => {
    expect(parseRequestTarget(target)).toEqual({ ok: true, authority, path, query });
  });
});

describe('what a cache key and an origin could read in two ways', () => {
  test.each<[TargetRefusal, readonly string[]]>([
    ['form', ['', '*', 'a', 'host:443', 'ftp://host/', 'http:/a', 'http:', '?a']],
    [
      'authority',
      ['http://', 'http:///a', 'http://user@host/', 'http://a b/', 'http://h:x/', 'http://[/', 'http://h\\/'],
    ],
    [
      'forbidden-character',
      ['/a b', '/a\tb', '/a\0', '/a\x7f', '/é', '/a?é', '/a?b c', '/a\r\nX: y', '/a?\n'],
    ],
    ['fragment', ['/a#b', '/a?b#c', '/#']],
    ['backslash', ['/a\\b', '/..\\a']],
    ['encoded-nul', ['/a%00', '/%00/b']],
    ['encoded-separator', ['/a%2fb', '/a%2Fb', '/a%5cb', '/%2f', '/..%2f']],
    ['percent-encoding', ['/%', '/a%2', '/%zz', '/%%32%66']],
    [
      'dot-segment',
      [
        '/.',
        '/..',
        '/./a',
        '/a/..',
        '/a/../b',
        '/%2e',
        '/a/%2E%2e/b',
        '/.%2e',
        '/%2e./b',
        '/..;/a',
        '/.;x=1',
        '/a/..?q',
      ],
    ],
    ['empty-segment', ['//', '//host/a', '/a//b', '/a//', 'http://host//a']],
  ])('%s', (reason, targets) => {
    for (const target of targets) expect(parseRequestTarget(target), target).toEqual({ ok: false, reason });
  });
});

const piece = fc.constantFrom(
  '/',
  '.',
  '%2e',
  '%2F',
  '%',
  'a',
  ';',
  '?',
  '#',
  '\\',
  ':',
  '@',
  'http://h',
  '%00',
  ' ',
  'é',
);
const target = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(piece).map((pieces) => pieces.join('')),
);

test('what is accepted is put together again as it came, and has one reading', () => {
  fc.assert(
    fc.property(target, (text) => {
      const parsed = parseRequestTarget(text);
      if (!parsed.ok) return;
      const { path, query } = parsed;
      expect(text.endsWith((path === '/' ? '' : path) + (query === undefined ? '' : `?${query}`))).toBe(true);
      // As many segments for who decodes first, and for who resolves dots and backslashes.
      const segments = path.split('/').length;
      expect(new URL(`http://h${path}`).pathname.split('/')).toHaveLength(segments);
      expect(decodeURIComponentOrSelf(path).split('/')).toHaveLength(segments);
    }),
    { numRuns: 500 },
  );
});

function decodeURIComponentOrSelf(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

// Quadratic time would be hours here, and fail by the test's own deadline.
test.each(['/.', '%2e', '/', 'a', '%', '?'])('a megabyte of %j takes linear time', (unit) => {
  expect(parseRequestTarget(`/${unit.repeat(1_000_000 / unit.length)}`)).toBeDefined();
});
