import { expect, it } from 'vitest';
import { parseJsonPointer, pointedAt } from './json-pointer.ts';

// The document of RFC 6901 §5, and what its pointers lead to.
const DOCUMENT = {
  ...{
    foo: ['bar', 'baz'],
    '': 0,
    'a/b': 1,
    'c%d': 2,
    'e^f': 3,
    'g|h': 4,
    'i\\j': 5,
    'k"l': 6,
    ' ': 7,
    'm~n': 8,
  },
};

it.each<[string, unknown]>([
  ['', DOCUMENT],
  ['/foo', ['bar', 'baz']],
  ['/foo/0', 'bar'],
  ['/', 0],
  ['/a~1b', 1],
  ['/c%d', 2],
  ['/e^f', 3],
  ['/g|h', 4],
  ['/i\\j', 5],
  ['/k"l', 6],
  ['/ ', 7],
  ['/m~0n', 8],
])('%j leads to what it should', (text, found) => {
  expect(pointedAt(DOCUMENT, parseJsonPointer(text)!)).toEqual(found);
});

it.each([
  '/foo/2',
  '/foo/-',
  '/foo/00',
  '/foo/length',
  '/foo/bar',
  '/b',
  '/constructor',
  '/foo/0/length',
  '//',
])('%j leads nowhere', (text) => expect(pointedAt(DOCUMENT, parseJsonPointer(text)!)).toBeUndefined());

it('leads nowhere in what is no object', () => {
  for (const document of [null, undefined, 1, 'text'])
    expect(pointedAt(document, ['length'])).toBeUndefined();
});

it('unescapes once, in the order that the RFC has', () => {
  expect(parseJsonPointer('/~01')).toEqual(['~1']);
});

it.each(['foo', '#/foo', '/~', '/~2', ' /a'])('%j is none', (text) =>
  expect(parseJsonPointer(text)).toBeNull(),
);
