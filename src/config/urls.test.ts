import { describe, expect, it } from 'vitest';
import { isHttpUrl, isPath, isStoreUrl } from './urls.ts';

describe('isHttpUrl', () => {
  it.each(['http://a.example', 'https://a.example/base/', 'HTTPS://A.example:8443', 'http://[::1]:3000/x'])(
    'accepts %s',
    (url) => {
      expect(isHttpUrl(url)).toBe(true);
    },
  );

  it.each([
    '',
    'a.example',
    'ftp://a.example',
    'https:a.example',
    'https:\\\\a.example',
    'https://',
    'https://user@a.example',
    'https://user:pw@a.example',
    'https://:pw@a.example',
    'https://a.example?x=1',
    'https://a.example/#x',
    'https://a.example:99999',
    ' https://a.example',
    'https://a.exa\nmple',
  ])('refuses %j', (url) => {
    expect(isHttpUrl(url)).toBe(false);
  });
});

describe('isStoreUrl', () => {
  it.each([
    'memory:',
    'none:',
    'redis://localhost',
    'rediss://user:pass@cache.example:6380/2',
    'valkey://:pass@[::1]:6379/',
    'valkeys://cache.example',
  ])('accepts %s', (url) => {
    expect(isStoreUrl(url)).toBe(true);
  });

  it.each([
    '',
    'memory',
    'memory://x',
    'none',
    'redis:',
    'redis://',
    'redis:///1',
    'redis://host/a',
    'redis://host/1/2',
    'redis://host?db=1',
    'redis://host:port',
    'http://host',
    'mongodb://host',
  ])('refuses %j', (url) => {
    expect(isStoreUrl(url)).toBe(false);
  });
});

describe('isPath', () => {
  it.each(['/', '/api', '/api/x/', '/a%20b', "/a.b-c_d~!$&'()*+,;=:@", '/a..b/...'])('accepts %s', (path) => {
    expect(isPath(path)).toBe(true);
  });

  it.each([
    '',
    'api',
    '//a',
    '/a//b',
    '/a?b',
    '/a#b',
    '/a b',
    '/a/../b',
    '/.',
    '/a/%2E%2e/b',
    '/a%',
    '/a%2',
    '/é',
    '/a\\b',
  ])('refuses %j', (path) => {
    expect(isPath(path)).toBe(false);
  });
});
