import { describe, expect, it } from 'vitest';
import { formatPath, valueAt } from './path.ts';

describe('formatPath', () => {
  it.each([
    [[], ''],
    [['listen'], 'listen'],
    [['services', 'a-b', 'methods', 0], 'services.a-b.methods[0]'],
    [['negative_ttl_seconds', '404'], 'negative_ttl_seconds.404'],
    [['headers', 'a b.c\n'], 'headers["a b.c\\n"]'],
  ])('%j is %s', (path, expected) => {
    expect(formatPath(path)).toBe(expected);
  });
});

describe('valueAt', () => {
  const tree = { list: [{ a: 1 }], text: 'abc' };

  it.each([
    [[], tree],
    [['list', 0, 'a'], 1],
    [['list', 1], undefined],
    [['list', 'length'], undefined],
    [['text', 0], undefined],
    [['toString'], undefined],
    [['none', 'a'], undefined],
  ])('at %j', (path, expected) => {
    expect(valueAt(tree, path)).toEqual(expected);
  });
});
