import { describe, expect, test } from 'vitest';
import { responseWith } from '../../test/support/exchange.ts';
import { invalidatedUris, isOwnRepresentation } from './invalidation.ts';

const TARGET = "http://h.example/a?b='";

describe('what an unsafe method invalidates (RFC 9111 §4.4)', () => {
  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'LOCK', 'UNHEARD-OF'])('%s: its target', (method) => {
    for (const status of [200, 204, 303])
      expect(invalidatedUris(method, status, [], TARGET)).toEqual([TARGET]);
  });

  test.each(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY'])('%s: nothing', (method) => {
    expect(invalidatedUris(method, 200, ['Location', '/b'], TARGET)).toEqual([]);
  });

  test('an error: nothing', () => {
    for (const status of [100, 400, 404, 500, 503])
      expect(invalidatedUris('PUT', status, [], TARGET)).toEqual([]);
  });
});

describe('Location and Content-Location', () => {
  test.each<[string, string[]]>([
    ['/b', ['http://h.example/b']],
    ['c?d#e', ['http://h.example/c?d']],
    ['../x/./y', ['http://h.example/x/y']],
    ['HTTP://H.EXAMPLE:80/b', ['http://h.example/b']],
    // Another origin could be made to lose what it has stored here.
    ['https://h.example/b', []],
    ['http://h.example:81/b', []],
    ['http://other.example/b', []],
    ['//other.example/b', []],
    ['http://', []],
    ['data:,x', []],
  ])('%s', (reference, expected) => {
    for (const name of ['Location', 'content-location']) {
      expect(invalidatedUris('POST', 201, [name, reference], TARGET)).toEqual([TARGET, ...expected]);
    }
  });

  test('each URI once', () => {
    const fields = ['Location', '/b', 'Content-Location', '/b#c'];
    expect(invalidatedUris('POST', 201, fields, TARGET)).toEqual([TARGET, 'http://h.example/b']);
  });
});

describe('a response to POST that may answer a later GET (RFC 9110 §9.3.3)', () => {
  const isOwn = (location: string | null, method = 'POST', status = 200) =>
    isOwnRepresentation(
      method,
      responseWith(location === null ? {} : { 'Content-Location': location }, { status }),
      'http://h.example/a?b=c',
    );

  test.each<[boolean, string | null]>([
    [true, 'http://h.example/a?b=c'],
    [true, '/a?b=c'],
    [true, '?b=c'],
    [true, 'HTTP://H.EXAMPLE:80/x/../a?b=c'],
    [true, '/a?b=c#d'],
    [false, null],
    [false, '/a'],
    [false, '/a?b=d'],
    [false, '/A?b=c'],
    [false, 'https://h.example/a?b=c'],
    [false, 'http://other.example/a?b=c'],
    [false, '//other.example/a?b=c'],
    [false, 'http://'],
  ])('%s: Content-Location %s', (expected, location) => {
    expect(isOwn(location)).toBe(expected);
  });

  test('and none to another method, or of another status', () => {
    for (const method of ['PUT', 'PATCH', 'QUERY', 'GET', 'post'])
      expect(isOwn('/a?b=c', method)).toBe(false);
    for (const status of [304, 303, 404, 500]) expect(isOwn('/a?b=c', 'POST', status)).toBe(false);
  });
});
