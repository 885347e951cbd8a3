import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStoreUrl, redactUrl } from './store-url.ts';

describe('parseStoreUrl', () => {
  it.each([
    ['redis://cache', { hosts: [{ host: 'cache', port: 6379 }], tls: false, database: 0 }],
    ['valkey://cache:6380/3', { hosts: [{ host: 'cache', port: 6380 }], tls: false, database: 3 }],
    ['rediss://cache/', { hosts: [{ host: 'cache', port: 6379 }], tls: true, database: 0 }],
    ['valkeys://app:p%40ss@cache', { tls: true, username: 'app', password: 'p@ss' }],
    ['redis://:secret@127.0.0.1:1', { hosts: [{ host: '127.0.0.1', port: 1 }], password: 'secret' }],
    ['redis://[::1]:6379', { hosts: [{ host: '::1', port: 6379 }] }],
  ])('reads %s', (url, expected) => {
    expect(parseStoreUrl(url)).toMatchObject({ kind: 'redis', topology: 'single', ...expected });
  });

  const TWO = [
    { host: 'one', port: 1 },
    { host: '::1', port: 2 },
  ];
  it.each([
    ['redis+sentinel://one:1,[::1]:2/main', { hosts: TWO, master: 'main', tls: false, database: 0 }],
    ['valkeys+sentinel://one/main/3', { hosts: [{ host: 'one', port: 26379 }], tls: true, database: 3 }],
    ['redis+sentinel://app:p%40,ss@one/m', { username: 'app', password: 'p@,ss', master: 'm' }],
    ['rediss+cluster://:pw@one:1,[::1]:2', { hosts: TWO, tls: true, database: 0, password: 'pw' }],
    ['valkey+cluster://one/', { hosts: [{ host: 'one', port: 6379 }], tls: false }],
  ])('reads %s', (url, expected) => {
    const topology = url.includes('sentinel') ? 'sentinel' : 'cluster';
    expect(parseStoreUrl(url)).toMatchObject({ kind: 'redis', topology, ...expected });
  });

  it('reads memory: and kv-rest:', () => {
    expect(parseStoreUrl('memory:')).toEqual({ kind: 'memory' });
    expect(parseStoreUrl('memory://')).toEqual({ kind: 'memory' });
    expect(parseStoreUrl('kv-rest:')).toEqual({ kind: 'kv-rest' });
  });

  it.each([
    ['lmdb:./data', './data'],
    ['lmdb:data/Cache', 'data/Cache'],
    ['lmdb:/var/cache', '/var/cache'],
    ['lmdb:///var/cache', '/var/cache'],
  ])('reads the path of %s', (url, path) => {
    expect(parseStoreUrl(url)).toEqual({ kind: 'lmdb', path });
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
    ['kv-rest://host', 'takes nothing after it'],
    ['lmdb:', 'needs a path'],
    ['lmdb://data', 'needs a path'],
    ['redis+sentinel://one:1,two:2', 'no name of a master'],
    ['redis+sentinel://one/main/x', 'no name of a master'],
    ['redis+sentinel://one,,two/main', 'no host'],
    ['redis+cluster://one:x', 'a host is none'],
    ['redis+cluster://one:0', 'port 0'],
    ['redis+cluster://one/1', 'no database but 0'],
    ['redis+cluster://', 'no host'],
    ['redis+cluster://one?x', 'query'],
    ['redis+other://one', 'unknown scheme'],
    [`redis+cluster://${'h,'.repeat(100)}h`, 'more than 100'],
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
    'redis+cluster://user:s3cr3t/x@host',
    'redis+cluster://user:s3cr3t%x@host',
    'redis+sentinel://user:s3cr3t@host',
    'redis+sentinel://user:s3cr3t@host@x/main',
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
    ['redis+sentinel://u:s3cr3t@one:1,two/main/2', 'redis+sentinel://one:1,two/main/2'],
    ['valkeys+cluster://:s3cr3t@one,[::1]:2', 'valkeys+cluster://one,[::1]:2'],
    ['redis+cluster://user:s3cr3t/x@host', '(not a store URL)'],
    ['redis+cluster://user:s3cr3t@host/s3cr3t', '(not a store URL)'],
    ['redis+cluster://user:s3cr3t@host@x', '(not a store URL)'],
    ['lmdb:./data', 'lmdb:./data'],
    ['kv-rest:', 'kv-rest:'],
  ])('shows %s as %s', (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });
});
