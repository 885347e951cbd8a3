import { expect, test } from 'vitest';
import {
  connectionOptions,
  endToEndFields,
  fieldLines,
  fieldValue,
  hasField,
  replaceFields,
  withoutFields,
} from './fields.ts';

const FIELDS = ['Content-Type', 'text/plain', 'vary', 'Accept', 'VARY', 'Origin', 'X-Empty', ''];

test('a field is found in any case, its lines combined in order (RFC 9110 §5.3)', () => {
  expect(fieldValue(FIELDS, 'vary')).toBe('Accept, Origin');
  expect(fieldLines(FIELDS, 'vary')).toEqual(['Accept', 'Origin']);
  expect(fieldValue(FIELDS, 'x-empty')).toBe('');
  expect(fieldValue(FIELDS, 'etag')).toBeUndefined();
  expect(fieldLines(FIELDS, 'etag')).toEqual([]);
});

test('a value that looks like a name is not taken for one', () => {
  expect(hasField(['X-Name', 'etag', 'Etag', 'x'], 'etag')).toBe(true);
  expect(hasField(['X-Name', 'etag'], 'etag')).toBe(false);
});

test('lines of Cookie are combined as one cookie-string (RFC 9113 §8.2.3)', () => {
  expect(fieldValue(['Cookie', 'a=1', 'Cookie', 'b=2'], 'cookie')).toBe('a=1; b=2');
});

test('fields are left out and replaced by name, whatever their case', () => {
  expect(withoutFields(FIELDS, new Set(['vary', 'x-empty']))).toEqual(['Content-Type', 'text/plain']);
  expect(replaceFields(FIELDS, ['Vary', '*', 'Age', '1'])).toEqual([
    ...['Content-Type', 'text/plain', 'X-Empty', ''],
    ...['Vary', '*', 'Age', '1'],
  ]);
});

test.each([
  'Connection',
  'Keep-Alive',
  'Proxy-Connection',
  'TE',
  'Transfer-Encoding',
  'Upgrade',
  'Proxy-Authenticate',
  'Proxy-Authentication-Info',
  'Proxy-Authorization',
])('%s ends at the next hop (RFC 9110 §7.6.1, RFC 9111 §3.1)', (name) => {
  expect(endToEndFields([name, 'x', 'ETag', '"1"'])).toEqual(['ETag', '"1"']);
});

test('so does what Connection names, on any of its lines', () => {
  const fields = [
    'Connection',
    'close, X-One',
    'x-one',
    '1',
    'CONNECTION',
    ' x-Two ',
    'X-Two',
    '2',
    'X-Three',
    '3',
  ];
  expect(endToEndFields(fields)).toEqual(['X-Three', '3']);
  expect([...connectionOptions('close, X-One')]).toEqual(['close', 'x-one']);
});

test('Trailer travels on: it announces fields of the message, not of the connection (RFC 9110 §6.6.2)', () => {
  expect(endToEndFields(['Trailer', 'Expires'])).toEqual(['Trailer', 'Expires']);
});
