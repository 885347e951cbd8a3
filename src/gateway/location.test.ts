import { describe, expect, it } from 'vitest';
import { createLocator, type Routed } from './location.ts';

const service = (prefix: string, methods: readonly string[]): Routed => ({
  prefix,
  methods,
  map: (_method, path, query) => ({ target: query === undefined ? path : `${path}?${query}` }),
  keyOf: (target) => `key of ${target}`,
});
const locate = createLocator([service('/', ['GET', 'OPTIONS']), service('/a', ['GET', 'PUT'])]);

describe('the location of a request', () => {
  it.each([
    ['/', '/'],
    ['/ab', '/'],
    ['/a', '/a'],
    ['/a/b?c', '/a'],
    ['http://x/a', '/a'],
  ])('%s is of the service at %s', (target, prefix) => {
    for (let i = 0; i < 2; i++) expect(locate('GET', target)).toMatchObject({ service: { prefix } });
  });

  it('is the origin’s target and its key', () => {
    const destination = { target: '/a/b?c', key: 'key of /a/b?c', refused: null };
    expect(locate('GET', '/a/b?c')).toMatchObject({ destination });
  });
});

describe('OPTIONS of the server itself (RFC 9110 §9.3.7, RFC 9112 §3.2.4)', () => {
  it.each(['*', 'http://x', 'HTTPS://x.example:8443', 'http://[::1]:80'])('%s', (target) => {
    const refused = { status: 204, fields: ['Allow', 'OPTIONS, GET, PUT'], body: null };
    for (let i = 0; i < 2; i++) expect(locate('OPTIONS', target)).toEqual({ service: null, refused });
  });

  it.each([
    ['GET', '*', 400],
    ['OPTIONS', '**', 400],
    ['OPTIONS', 'http://', 400],
    ['OPTIONS', 'http://u@x', 400],
  ])('%s %s is none', (method, target, status) => {
    expect(locate(method, target)).toMatchObject({ service: null, refused: { status } });
  });

  it.each(['/', 'http://x/', 'http://x?'])('OPTIONS %s is of the service', (target) => {
    expect(locate('OPTIONS', target)).toMatchObject({ service: { prefix: '/' } });
  });
});
