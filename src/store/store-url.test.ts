import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStoreUrl, redactUrl } from './store-url.ts';

describe('parseStoreUrl', () => {
  it.each([
    ['redis://cache', { host: 'cache', port: 6379, tls: false, database: 0 }],
    ['valkey://cache:6380/3', { host: 'cache', port: 6380, tls: false, database: 3 }],
    ['rediss://cache/', { host: 'cache', port: 6379, tls: true, database: 0 }],
    ['valkeys://app:p%40ss@cache', { tls: true, username: 'app', password: 'p@ss' }],
    ['redis://:secret@127.0.0.1:1', { host: '127.0.0.1', port: 1, password: 'secret' }],
    ['redis://[::1]:6379', { host: '::1' }],
  ])('reads %s', (url, expected) => {
    expect(parseStoreUrl(url)).toMatchObject({ kind: 'redis', ...expected });
  });

  it('reads memory:', () => {
    expect(parseStoreUrl('memory:')).toEqual({ kind: 'memory' });
    expect(parseStoreUrl('memory://')).toEqual({ kind: 'memory' });
  });

  it('reads back any user name and password that are percent-encoded', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (username, password) => {
        const url = `redis://${encodeURIComponent(username)}:${encodeURIComponent(password)}@h`;
        expect(parseStoreUrl(url)).toMatchObject({ username, password });
      }),
    );
  });

  it.each([
    ['', 'not a URL'],
    ['/var/run/valkey.sock', 'not a URL'],
    ['http://cache', 'unknown scheme'],
    ['localhost:6379', 'unknown scheme'],
    ['redis:', 'no host'],
    ['redis:///1', 'no host'],
    ['redis://cache:0', 'port 0'],
    ['redis://cache:99999', 'not a URL'],
    ['redis://cache/one', 'database is not a number'],
    ['redis://cache/1/2', 'database is not a number'],
    ['redis://cache/-1', 'database is not a number'],
    ['redis://cache?db=1', 'query'],
    ['redis://cache#1', 'fragment'],
    ['memory:64mb', 'takes nothing after it'],
  ])('refuses %j: %s', (url, problem) => {
    expect(() => parseStoreUrl(url)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_INVALID', message: expect.stringContaining(problem) }),
    );
    expect(() => parseStoreUrl(url)).toThrow('rediss|valkey|valkeys');
  });

  it.each([
    'redis://user:s3cr3t/x@host',
    'redis://user:s3cr3t#x@host',
    'redis://user:s3cr3t%x@host',
    'redis://user:s3cr3t@host/path',
    's3cr3t:user@host',
    'http://user:s3cr3t@host',
  ])('does not show the secret of the bad URL %s', (url) => {
    expect.assertions(1);
    try {
      parseStoreUrl(url);
    } catch (error) {
      expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('s3cr3t');
    }
  });
});

describe('redactUrl', () => {
  it.each([
    ['redis://user:s3cr3t@cache:6380/2', 'redis://cache:6380/2'],
    ['valkeys://:s3cr3t@cache', 'valkeys://cache'],
    ['redis://s3cr3t@[::1]', 'redis://[::1]'],
    ['redis://cache/s3cr3t', 'redis://cache'],
    ['redis://cache?password=s3cr3t', 'redis://cache'],
    ['memory:', 'memory:'],
    ['redis://user:s3cr3t/x@host', '(not a URL)'],
    ['s3cr3t:cache', '(not a store URL)'],
  ])('shows %s as %s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });
});
