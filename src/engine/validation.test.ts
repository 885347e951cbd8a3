import { describe, expect, test } from 'vitest';
import {
  DAY,
  HOUR,
  httpDate,
  PLAIN_POLICY,
  RECEIVED_AT,
  requestWith,
  responseWith,
} from '../../test/support/exchange.ts';
import { fieldValue } from '../http/fields.ts';
import { assessResponse } from './assessment.ts';
import {
  conditionalFields,
  freshen,
  isDescribedByHead,
  isIdentifiedBy,
  isNotModified,
  notModifiedFields,
  strongEntityTag,
} from './validation.ts';

test('a validation request carries both validators (RFC 9111 §4.3.1)', () => {
  const assess = (fields: Record<string, string>) =>
    assessResponse(requestWith(), responseWith(fields), PLAIN_POLICY);
  const lastModified = httpDate(-HOUR);
  expect(conditionalFields(assess({ ETag: 'W/"1"', 'Last-Modified': lastModified }))).toEqual([
    ...['If-None-Match', 'W/"1"'],
    ...['If-Modified-Since', lastModified],
  ]);
  expect(conditionalFields(assess({ ETag: '"1"' }))).toEqual(['If-None-Match', '"1"']);
  expect(conditionalFields(assess({}))).toEqual([]);
});

describe('freshening by a 304 (RFC 9111 §3.2, §4.3.4)', () => {
  const stored = responseWith({
    Date: httpDate(-DAY),
    Age: '500',
    'Cache-Control': 'max-age=60',
    'Content-Type': 'text/html',
    'Content-Length': '100',
    'Content-Encoding': 'gzip',
    ETag: '"1"',
    'X-Kept': 'old',
    'X-Renewed': 'old',
  });
  const notModified = responseWith(
    {
      'cache-control': 'max-age=600',
      'Content-Length': '0',
      'Content-Encoding': 'identity',
      'Content-Range': 'bytes 0-1/2',
      'X-Renewed': 'new',
      'X-New': 'new',
      'Set-Cookie': 'a=1',
      Connection: 'X-Hop',
      'X-Hop': '1',
    },
    { status: 304, requestAt: RECEIVED_AT + 10, responseAt: RECEIVED_AT + 20 },
  );

  test('fields are renewed, but not those of the content, the connection or one client', () => {
    const { fields, ...rest } = freshen(stored, notModified, PLAIN_POLICY);
    expect(rest).toEqual({ status: 200, requestAt: RECEIVED_AT + 10, responseAt: RECEIVED_AT + 20 });
    const values = Object.fromEntries(
      fields.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), fields[i + 1]]] : [])),
    );
    expect(values).toEqual({
      date: httpDate(0),
      'cache-control': 'max-age=600',
      'content-type': 'text/html',
      'content-length': '100',
      'content-encoding': 'gzip',
      etag: '"1"',
      'x-kept': 'old',
      'x-renewed': 'new',
      'x-new': 'new',
    });
  });

  test('its age begins anew, also where the 304 has no Date', () => {
    const bare = freshen(stored, { ...notModified, fields: [] }, PLAIN_POLICY);
    expect(fieldValue(bare.fields, 'date')).toBe(httpDate(0));
    expect(fieldValue(bare.fields, 'age')).toBeUndefined();
    expect(assessResponse(requestWith(), bare, PLAIN_POLICY).correctedInitialAgeMs).toBeLessThan(1_000);
  });

  test('a cookie is stored with it only where all that may be stored is', () => {
    const cookie = ({ fields }: { fields: readonly string[] }) => fieldValue(fields, 'set-cookie');
    expect(cookie(freshen(stored, notModified, { mode: 'safe' }))).toBeUndefined();
    expect(cookie(freshen(stored, notModified, { mode: 'rfc' }))).toBe('a=1');
    // In neither does a 304 without one take away what is stored.
    const with1 = { ...stored, fields: [...stored.fields, 'Set-Cookie', 'old=1'] };
    expect(cookie(freshen(with1, { ...notModified, fields: [] }, { mode: 'rfc' }))).toBe('old=1');
  });

  test('digests of a content that a 304 does not bring change nothing (RFC 9530 §2)', () => {
    const digested = { ...stored, fields: [...stored.fields, 'Content-Digest', 'a'] };
    const other = { ...notModified, fields: ['Content-Digest', 'b', 'Content-MD5', 'c'] };
    const { fields } = freshen(digested, other, { mode: 'rfc' });
    expect([fieldValue(fields, 'content-digest'), fieldValue(fields, 'content-md5')]).toEqual([
      'a',
      undefined,
    ]);
  });

  test('repeated fields are replaced together', () => {
    const twice = { ...stored, fields: ['Link', 'a', 'Link', 'b'] };
    const renewing = { ...notModified, fields: ['link', 'c', 'Link', 'd'] };
    const { fields } = freshen(twice, renewing, PLAIN_POLICY);
    expect(fieldValue(fields, 'link')).toBe('c, d');
  });

  test.each<[boolean, string | undefined, string | undefined]>([
    [true, '"1"', '"1"'],
    [false, '"1"', '"2"'],
    [false, 'W/"1"', '"1"'],
    [false, undefined, '"1"'],
    [true, '"1"', 'W/"1"'],
    [false, '"1"', 'W/"2"'],
    [true, undefined, 'W/"1"'],
    [true, '"1"', undefined],
  ])('%s: stored with ETag %s, a 304 with %s is about it', (expected, before, received) => {
    const withTag = (tag: string | undefined) => responseWith(tag === undefined ? {} : { ETag: tag });
    expect(isIdentifiedBy(withTag(before), withTag(received))).toBe(expected);
  });
});

describe('what a HEAD says of a stored response (RFC 9111 §4.3.5)', () => {
  const stored = responseWith({ ETag: '"1"', 'Last-Modified': httpDate(-HOUR), 'Content-Length': '100' });

  test.each<[boolean, string, Record<string, string>]>([
    [true, 'nothing', {}],
    [true, 'the same', { ETag: '"1"', 'Last-Modified': httpDate(-HOUR), 'Content-Length': '100' }],
    [false, 'another tag', { ETag: '"2"' }],
    [false, 'the same tag, weak', { ETag: 'W/"1"' }],
    [false, 'another date', { ETag: '"1"', 'Last-Modified': httpDate(0) }],
    [false, 'another length', { ETag: '"1"', 'Content-Length': '99' }],
    [false, 'a length that is none', { 'Content-Length': 'x' }],
  ])('%s: %s', (expected, _name, fields) => {
    expect(isDescribedByHead(stored, 100, responseWith(fields))).toBe(expected);
  });

  test('a validator that was not there before makes it another', () => {
    const bare = responseWith({});
    expect(isDescribedByHead(bare, 100, responseWith({ ETag: '"1"' }))).toBe(false);
    expect(isDescribedByHead(bare, 100, responseWith({ 'Content-Length': '100' }))).toBe(true);
  });
});

test.each<[string | undefined, string | undefined]>([
  ['"1"', '"1"'],
  ['W/"1"', undefined],
  ['1', undefined],
  [undefined, undefined],
])('the strong validator of ETag %s is %s (RFC 9110 §8.8.1)', (etag, expected) => {
  expect(strongEntityTag(responseWith(etag === undefined ? {} : { ETag: etag }))).toBe(expected);
});

describe("a client's conditions (RFC 9111 §4.3.2)", () => {
  const tagged = responseWith({ ETag: '"1"', 'Last-Modified': httpDate(-HOUR) });
  const dated = responseWith({ Date: httpDate(-HOUR) });
  const bare = responseWith({ Date: '' });
  const since = (offsetMs: number) => ({ 'if-modified-since': httpDate(offsetMs) });

  test.each<[string, boolean, Record<string, string>, typeof tagged]>([
    ['no condition', false, {}, tagged],
    ['the same tag', true, { 'if-none-match': '"1"' }, tagged],
    ['weakly the same', true, { 'if-none-match': 'W/"1"' }, tagged],
    ['one of several', true, { 'if-none-match': '"0", "1"' }, tagged],
    ['any', true, { 'if-none-match': '*' }, tagged],
    ['another tag', false, { 'if-none-match': '"2"' }, tagged],
    ['no tag stored', false, { 'if-none-match': '"1"' }, dated],
    ['no tag in the condition', false, { 'if-none-match': '1' }, tagged],
    ['not modified since', true, since(-HOUR), tagged],
    ['modified since', false, since(-HOUR - 1000), tagged],
    ['a date that is none', false, { 'if-modified-since': 'yesterday' }, tagged],
    ['Date in the place of Last-Modified', true, since(-HOUR), dated],
    ['a later Date', false, since(-HOUR - 1000), dated],
    ['the receipt in the place of both', true, since(0), bare],
    ['a later receipt', false, since(-1000), bare],
    ['the tag before the date', false, { 'if-none-match': '"2"', ...since(0) }, tagged],
    ['conditions for origins', false, { 'if-match': '"2"', 'if-unmodified-since': httpDate(-DAY) }, tagged],
  ])('%s: %s', (_name, expected, fields, response) => {
    expect(isNotModified(requestWith(fields), response)).toBe(expected);
    expect(isNotModified(requestWith(fields, 'HEAD'), response)).toBe(expected);
    expect(isNotModified(requestWith(fields, 'POST'), response)).toBe(false);
  });

  test('mean nothing for a response that is no success (RFC 9110 §13.2.1)', () => {
    const request = requestWith({ 'if-none-match': '*' });
    for (const status of [301, 404, 503]) expect(isNotModified(request, { ...tagged, status })).toBe(false);
  });
});

test('a 304 carries what a cache needs, and nothing of the content (RFC 9110 §15.4.5)', () => {
  const kept = [
    'Cache-Control',
    'a',
    'Date',
    'b',
    'Expires',
    'd',
    'Vary',
    'e',
    'Content-Location',
    'f',
    'Age',
    '1',
  ];
  const content = [
    'Content-Type',
    'a',
    'Content-Length',
    '1',
    'Content-Encoding',
    'br',
    'Content-Language',
    'de',
    'Content-Range',
    'bytes 0-0/1',
    'Content-Digest',
    'x',
  ];
  const lastModified = ['Last-Modified', httpDate(0)];
  expect(notModifiedFields([...kept, ...content, ...lastModified])).toEqual([...kept, ...lastModified]);
  const tag = ['ETag', '"1"'];
  expect(notModifiedFields([...kept, ...tag, ...lastModified])).toEqual([...kept, ...tag]);
});
