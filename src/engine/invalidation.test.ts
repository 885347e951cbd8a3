import { describe, expect, test } from 'vitest';
import { invalidatedUris } from './invalidation.ts';

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
