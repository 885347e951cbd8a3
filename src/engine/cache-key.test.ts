import { expect, test } from 'vitest';
import { cacheKey } from './cache-key.ts';

test('a key says what it is the key of', () => {
  expect(cacheKey({ service: 'air', method: 'GET', target: '/a?b=c' })).toBe('GET air /a?b=c');
});

test('HEAD shares the key of GET (RFC 9111 §4)', () => {
  const get = cacheKey({ service: 'air', method: 'GET', target: '/a' });
  expect(cacheKey({ service: 'air', method: 'HEAD', target: '/a' })).toBe(get);
});

test('method, service, path and query each make another key', () => {
  const keys = ['/a', '/a?', '/a/', '/A', '/a?b', '/%61'].flatMap((target) =>
    ['x', 'y'].flatMap((service) => ['GET', 'QUERY'].map((method) => cacheKey({ service, method, target }))),
  );
  expect(new Set(keys).size).toBe(24);
});
