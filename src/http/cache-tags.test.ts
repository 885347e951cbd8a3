import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { responseTags } from './cache-tags.ts';

describe('the tags of a response', () => {
  test.each<[string[], string[]]>([
    [
      ['Cache-Tag', 'a, b,c'],
      ['a', 'b', 'c'],
    ],
    [
      ['Surrogate-Key', 'a  b\tc'],
      ['a', 'b', 'c'],
    ],
    [
      ['CACHE-TAG', 'a', 'surrogate-key', 'b', 'cache-tag', 'c'],
      ['a', 'c', 'b'],
    ],
    [
      ['Cache-Tag', 'b, a, b', 'Surrogate-Key', 'a c'],
      ['b', 'a', 'c'],
    ],
    [
      ['Cache-Tag', 'A, a'],
      ['A', 'a'],
    ],
    [
      ['Cache-Tag', 'two words, x'],
      ['two words', 'x'],
    ],
    [
      ['Surrogate-Key', 'a,b c'],
      ['a,b', 'c'],
    ],
    [
      ['Surrogate-Key', 'a', 'Surrogate-Key', 'b'],
      ['a', 'b'],
    ],
    [['Cache-Tag', ' ,, ', 'Surrogate-Key', '  '], []],
    [['Cache-Tag', 'caf\xe9, tab\tbed, nul\0, \x7f, ok'], ['ok']],
    [['Vary', 'a', 'X-Cache-Tag', 'b'], []],
    [[], []],
  ])('%j', (fields, expected) => expect(responseTags(fields)).toEqual(expected));

  test('of at most 1,024 characters', () => {
    const [longest, longer] = ['a'.repeat(1024), 'b'.repeat(1025)];
    expect(responseTags(['Cache-Tag', `${longer}, ${longest}`, 'Surrogate-Key', `${longer} c`])).toEqual([
      longest,
      'c',
    ]);
  });

  test('at most 64, whatever the field', () => {
    const names = Array.from({ length: 300 }, (_, i) => `t${i}`);
    const first = names.slice(0, 64);
    expect(responseTags(['Cache-Tag', names.join()])).toEqual(first);
    expect(responseTags(['Surrogate-Key', names.join(' ')])).toEqual(first);
    expect(responseTags(['Surrogate-Key', 'z', 'Cache-Tag', names.join()])).toEqual(first);
  });
});

const tag = fc.stringMatching(/^[!-+\--~]{1,12}$/);

test('every tag is found, in either field', () => {
  fc.assert(
    fc.property(fc.array(tag), fc.array(tag), (tags, keys) => {
      const fields = ['Cache-Tag', tags.join(', '), 'Surrogate-Key', keys.join(' ')];
      expect(responseTags(fields)).toEqual([...new Set([...tags, ...keys])]);
    }),
  );
});

test('nothing makes it throw, and its size is bounded', () => {
  const fields = fc.array(
    fc.tuple(fc.constantFrom('Cache-Tag', 'surrogate-key'), fc.string({ unit: 'binary' })),
  );
  fc.assert(
    fc.property(fields, (lines) => {
      const tags = responseTags(lines.flat());
      expect(tags.length).toBeLessThanOrEqual(64);
      expect(new Set(tags).size).toBe(tags.length);
      for (const each of tags) expect(each).toMatch(/^[!-~]([ -~]{0,1022}[!-~])?$/);
    }),
  );
});

// Quadratic time would be hours here, and fail by the test's own deadline.
test.each([' ', ',', 'a', 'a ', 'a,', ', '])('a megabyte of %j takes linear time', (unit) => {
  const value = unit.repeat(1_000_000 / unit.length);
  expect(responseTags(['Cache-Tag', value, 'Surrogate-Key', value]).length).toBeLessThan(3);
});
