import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type EntityTag,
  formatEntityTag,
  parseEntityTag,
  parseEntityTags,
  strongMatch,
  weakMatch,
} from './entity-tag.ts';

const strong = (opaque: string): EntityTag => ({ weak: false, opaque });
const weak = (opaque: string): EntityTag => ({ weak: true, opaque });

describe('one entity-tag (RFC 9110 §8.8.3)', () => {
  test.each<[string, EntityTag | undefined]>([
    ['"xyzzy"', strong('xyzzy')],
    ['W/"xyzzy"', weak('xyzzy')],
    ['""', strong('')],
    ['"a,b"', strong('a,b')],
    ['"a\\"', strong('a\\')],
    ['"\xe9"', strong('\xe9')],
    ['w/"xyzzy"', undefined],
    ['W/ "xyzzy"', undefined],
    ['xyzzy', undefined],
    ['"xyzzy', undefined],
    ['"a b"', undefined],
    ['"a"b"', undefined],
    ['"a", "b"', undefined],
    ['"a\x7f"', undefined],
    ['*', undefined],
  ])('%j', (value, expected) => expect(parseEntityTag(value)).toEqual(expected));
});

describe('a list of them (RFC 9110 §13.1.2)', () => {
  test.each<[string, '*' | readonly EntityTag[]]>([
    ['*', '*'],
    [' * ', '*'],
    ['', []],
    ['"a", W/"b","c"', [strong('a'), weak('b'), strong('c')]],
    [' ,, "a" ,\t"b",', [strong('a'), strong('b')]],
    ['"a,b", "c"', [strong('a,b'), strong('c')]],
    ['a, "b"', [strong('b')]],
    ['"a" "b", "c"', [strong('c')]],
    ['"a', []],
    ['"a", *', [strong('a')]],
  ])('%j', (value, expected) => expect(parseEntityTags(value)).toEqual(expected));
});

test('comparison as in the table of RFC 9110 §8.8.3.2', () => {
  const rows: [EntityTag, EntityTag, boolean, boolean][] = [
    [weak('1'), weak('1'), false, true],
    [weak('1'), weak('2'), false, false],
    [weak('1'), strong('1'), false, true],
    [strong('1'), strong('1'), true, true],
  ];
  for (const [a, b, strongly, weakly] of rows) {
    expect(strongMatch(a, b)).toBe(strongly);
    expect(weakMatch(a, b)).toBe(weakly);
  }
});

const entityTag = fc.record({ weak: fc.boolean(), opaque: fc.stringMatching(/^[\x21\x23-\x7e\x80-\xff]*$/) });

test('what is formatted is parsed, alone and in lists', () => {
  fc.assert(
    fc.property(fc.array(entityTag), (tags) => {
      for (const tag of tags) expect(parseEntityTag(formatEntityTag(tag))).toEqual(tag);
      expect(parseEntityTags(tags.map(formatEntityTag).join(', '))).toEqual(tags);
    }),
  );
});

test('nothing makes it throw', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[W/"ab, *]*$/)), (value) => {
      parseEntityTag(value);
      expect(parseEntityTags(value)).toBeDefined();
    }),
  );
});

// Quadratic time would be hours here, and fail by the test's own deadline.
test.each(['"', '",', ' ', ',', '"a', 'W/', '"a" "b",'])('a megabyte of %j takes linear time', (unit) => {
  expect(parseEntityTags(unit.repeat(1_000_000 / unit.length))).toBeDefined();
});
