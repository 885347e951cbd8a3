import type { IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inspectHead, MAX_FIELDS } from './request-head.ts';

const inspect = (rawHeaders: string[], version: [number, number] = [1, 1]) => {
  const head = { rawHeaders, httpVersionMajor: version[0], httpVersionMinor: version[1] };
  const found = inspectHead(head as IncomingMessage);
  return typeof found === 'boolean' ? found : found.status;
};

describe('Host (RFC 9112 §3.2, RFC 9110 §7.2)', () => {
  test.each([
    ...[
      '',
      ':',
      ':80',
      'a',
      'A.b-c_d~e',
      'a.',
      'a:0',
      'a:',
      '1.2.3.4:80',
      '%41%2f',
      "!$&'()*+,;=",
      'xn--bcher-kva',
    ],
    ...['[::1]', '[::1]:80', '[::ffff:1.2.3.4]:', '[v1.a:b]', '[vF.~]:1'],
  ])('%j is one', (host) => {
    expect(inspect(['Host', host])).toBe(false);
  });

  test.each([
    ...[
      'a b',
      'a/b',
      'a?b',
      'a#b',
      'u@a',
      'a\\b',
      'a"',
      '<a>',
      'a^',
      'a|b',
      '{a}',
      'a`',
      'a\tb',
      'é',
      'a\x7f',
    ],
    ...['a:b', 'a:80:80', 'a:-1', 'a:+1', '%', '%4', '%zz', 'a:8é'],
    ...[
      '[',
      ']',
      '[]',
      '[::1',
      '::1',
      '[::1]a',
      '[:::1]',
      '[1.2.3.4]',
      '[g::]',
      '[v.a]',
      '[vg.a]',
      '[v1.]',
      '[::1%25e]',
    ],
  ])('%j is none', (host) => {
    expect(inspect(['Host', host])).toBe(400);
  });

  test('is there once, and need not be in HTTP/1.0', () => {
    expect(inspect([])).toBe(400);
    expect(inspect([], [1, 0])).toBe(false);
    expect(inspect(['Host', 'a', 'hOST', 'a'])).toBe(400);
    expect(inspect(['Host', 'a', 'Host', 'a'], [1, 0])).toBe(400);
    expect(inspect(['Hosts', 'a', 'Hos', 'a', 'Date', 'a'])).toBe(400);
  });

  test('what is remembered of one request says nothing of another’s', () => {
    for (const host of ['one', 'two', 'one']) expect(inspect(['Host', host])).toBe(false);
    expect(inspect(['Host', 'o e'])).toBe(400);
    expect(inspect(['Host', 'o e'])).toBe(400);
  });

  test('a megabyte of anything takes linear time', () => {
    for (const unit of ['a', '%41', '%', '[', ':', 'a:', '[v1.', '[:'])
      expect(inspect(['Host', unit.repeat(1_000_000 / unit.length)])).toBeDefined();
  });

  test('a URL parser takes what is taken', () => {
    fc.assert(
      fc.property(
        fc.webAuthority({ withUserInfo: false, withIPv4: true, withIPv6: true, withPort: true }),
        (host) => {
          expect(inspect(['Host', host])).toBe(false);
        },
      ),
    );
  });
});

describe('content (RFC 9112 §6)', () => {
  const withFields = (...fields: string[]) => inspect(['Host', 'a', ...fields]);

  test.each([
    [false, []],
    [false, ['Content-Length', '0']],
    [false, ['Content-Length', '000']],
    [true, ['Content-Length', '1']],
    [true, ['content-length', '9007199254740991']],
    [400, ['Content-Length', '9007199254740992']],
    [400, ['Content-Length', '18446744073709551615']],
    [true, ['Transfer-Encoding', 'chunked']],
    [true, ['transfer-encoding', ' Chunked ']],
    [501, ['Transfer-Encoding', 'gzip, chunked']],
    [501, ['Transfer-Encoding', 'gzip', 'Transfer-Encoding', 'chunked']],
    [501, ['Transfer-Encoding', 'xchunked, chunked']],
    [400, ['Transfer-Encoding', '']],
    [400, ['Transfer-Encoding', 'identity']],
    [400, ['Transfer-Encoding', 'chunked, identity']],
    [400, ['Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked']],
    [400, ['Transfer-Encoding', 'chunked,']],
    [400, ['Transfer-Encoding', 'chunked;a=b']],
  ] as const)('%j for %j', (expected, fields) => {
    expect(withFields(...fields)).toBe(expected);
  });

  test('HTTP/1.0 has no transfer codings', () => {
    expect(inspect(['Transfer-Encoding', 'chunked'], [1, 0])).toBe(400);
  });
});

test.each([
  [[0, 9], 505],
  [[2, 0], 505],
  [[1, 0], false],
] as [[number, number], number | boolean][])('HTTP %j gets %j', (version, expected) => {
  expect(inspect(['Host', 'a'], version)).toBe(expected);
});

test('so many fields, and no more', () => {
  const fields = (count: number) => Array.from({ length: count }, () => ['X', 'y']).flat();
  expect(inspect(['Host', 'a', ...fields(MAX_FIELDS - 1)])).toBe(false);
  expect(inspect(['Host', 'a', ...fields(MAX_FIELDS)])).toBe(431);
});

test('never throws', () => {
  const name = fc.oneof(fc.constantFrom('Host', 'Content-Length', 'Transfer-Encoding'), fc.string());
  const value = fc.string({ unit: 'binary', maxLength: 40 });
  const fields = fc.array(fc.tuple(name, value), { maxLength: 10 });
  fc.assert(fc.property(fields, (list) => void inspect(list.flat())));
});
