import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cacheKey, normalisedTarget, type TargetKeying } from './cache-key.ts';

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

test('content makes another key, and no target can look like one with content', () => {
  const of = (content?: string) =>
    cacheKey({ service: 'air', method: 'POST', target: '/a', ...(content !== undefined && { content }) });
  expect(new Set([of(), of(''), of('x'), of('y')]).size).toBe(4);
  expect(of('x')).toBe('POST air /a x');
});

test('a part makes another key, which none with content looks like', () => {
  const parts = [undefined, 'x', 'y'];
  const contents = [undefined, '', 'x', 'y'];
  const keys = parts.flatMap((part) =>
    contents.map((content) =>
      cacheKey({
        ...{ service: 'air', method: 'POST', target: '/a' },
        ...(content !== undefined && { content }),
        ...(part !== undefined && { part }),
      }),
    ),
  );
  expect(new Set(keys).size).toBe(12);
});

const NONE: TargetKeying = { sortQuery: false, ignoreQuery: [], lowerCasePath: false };
const keyed = (target: string, keying: Partial<TargetKeying>) =>
  normalisedTarget(target, { ...NONE, ...keying });

describe('a target that stands for others', () => {
  test.each<[string, string, Partial<TargetKeying>]>([
    ['/A/b?C=D&a', '/A/b?C=D&a', {}],
    ['/a?', '/a?', {}],
    ['/a?b&&c', '/a?b&&c', {}],
    ['/a?b=2&a=1', '/a?a=1&b=2', { sortQuery: true }],
    // Parameters of one name may well mean something by their order.
    ['/a?b=2&a=9&b=1&a=3', '/a?a=9&a=3&b=2&b=1', { sortQuery: true }],
    ['/a?B&a', '/a?B&a', { sortQuery: true }],
    ['/a?a=1&b=2&c=3', '/a?a=1&c=3', { ignoreQuery: ['b'] }],
    ['/a?b', '/a', { ignoreQuery: ['b'] }],
    ['/a?b=1&b=2', '/a', { ignoreQuery: ['b'] }],
    ['/a?B=1&bb=2&c=b', '/a?B=1&bb=2&c=b', { ignoreQuery: ['b'] }],
    ['/a?utm_source=x&utm_=y&utm=z', '/a?utm=z', { ignoreQuery: ['utm_*'] }],
    ['/a?b=1&c', '/a', { ignoreQuery: ['*'] }],
    ['/a?', '/a', { ignoreQuery: ['*'] }],
    // By the name that an origin reads.
    ['/a?%75tm%5Fsource=x&a=1', '/a?a=1', { ignoreQuery: ['utm_*'] }],
    ['/a?my+name=1&my%20name=2&a', '/a?a', { ignoreQuery: ['my name'] }],
    ['/a?%C3%A9=1&b', '/a?b', { ignoreQuery: ['é'] }],
    ['/a?%zz=1&%FF=2', '/a?%zz=1&%FF=2', { ignoreQuery: ['x'] }],
    // An encoded delimiter belongs to its name or value.
    ['/a?a=1%26b=2', '/a?a=1%26b=2', { ignoreQuery: ['b'] }],
    ['/a?b%3D1=2', '/a?b%3D1=2', { ignoreQuery: ['b'] }],
    ['/A/Bc?D=E', '/a/bc?D=E', { lowerCasePath: true }],
    ['/A%2f%C3%A9?x', '/a%2F%C3%A9?x', { lowerCasePath: true }],
    ['/A?c=1&utm_x=2&b=3', '/a?b=3&c=1', { sortQuery: true, ignoreQuery: ['utm_*'], lowerCasePath: true }],
  ])('%s is %s with %j', (target, expected, keying) => {
    expect(keyed(target, keying)).toBe(expected);
  });

  const name = fc.constantFrom('a', 'b', 'utm_x', 'B', '%61', '%zz', '', 'a+b');
  const parameter = fc.oneof(
    name,
    fc.tuple(name, fc.constantFrom('', '1', 'x=y', '%26')).map((each) => each.join('=')),
  );
  const targets = fc
    .tuple(
      fc.constantFrom('/', '/a', '/A/%2f'),
      fc.option(fc.array(parameter, { maxLength: 6 }), { nil: undefined }),
    )
    .map(([path, query]) => (query === undefined ? path : `${path}?${query.join('&')}`));
  const keyings = fc.record({
    sortQuery: fc.boolean(),
    ignoreQuery: fc.subarray(['a', 'utm_*', 'b', '*']),
    lowerCasePath: fc.boolean(),
  });

  test('stands for itself too', () => {
    fc.assert(
      fc.property(targets, keyings, (target, keying) => {
        const once = normalisedTarget(target, keying);
        expect(normalisedTarget(once, keying)).toBe(once);
      }),
      { numRuns: 1000 },
    );
  });

  test('holds what the origin is to see, and nothing that it is not', () => {
    fc.assert(
      fc.property(targets, keyings, (target, keying) => {
        const [, query] = normalisedTarget(target, keying).split('?');
        const given = target.split('?')[1]?.split('&') ?? [];
        const kept = query?.split('&') ?? [];
        const isIgnored = (each: string) => {
          const [raw = ''] = each.split('=');
          const read = raw === '%61' ? 'a' : raw.replaceAll('+', ' ');
          return keying.ignoreQuery.some((one) =>
            one.endsWith('*') ? read.startsWith(one.slice(0, -1)) : read === one,
          );
        };
        expect([...kept].sort()).toEqual(given.filter((each) => !isIgnored(each)).sort());
      }),
      { numRuns: 1000 },
    );
  });
});
