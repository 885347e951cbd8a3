import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeFound, isSecretName, oneLine, quote } from './found.ts';

describe('describeFound', () => {
  it.each([
    ['abc', 'found "abc"'],
    ['', 'found ""'],
    [12, 'found 12'],
    [true, 'found true'],
    [null, 'found null'],
    [undefined, 'missing'],
    [[1], 'found a list'],
    [{ a: 1 }, 'found a mapping'],
    [() => 1, 'found a function'],
  ])('of %j: %s', (value, expected) => {
    expect(describeFound(value, false)).toBe(expected);
  });

  it.each([
    ['hunter2', 'found a value of 7 characters'],
    ['x', 'found a value of 1 character'],
    [1234, 'found a number'],
  ])('of the secret %j: %s', (value, expected) => {
    expect(describeFound(value, true)).toBe(expected);
  });

  it.each([
    'redis://:hunter2@localhost',
    'redis://user:hunter2@localhost:99999',
    'redis://:hunter2',
    'redis://:12345',
    'redis//user:hunter2@localhost',
    'https://hunter2@a.example',
    'ftp://user:hunter2',
    'https://a.example/?api_key=hunter2',
    'https://a.example/?x=1&access_token=hunter2',
  ])('hides what may be a credential in %s', (value) => {
    expect(describeFound(value, false)).toBe(`found a value of ${value.length} characters`);
  });

  it.each([
    'ftp://a.example',
    'http://localhost:*',
    'http://[::1]:80/x',
    'https://a.example?x=1',
    'https://a:99999',
  ])('shows %s, which holds none', (value) => {
    expect(describeFound(value, false)).toBe(`found "${value}"`);
  });
});

describe('quote', () => {
  it('cuts at 60 characters', () => {
    expect(quote('x'.repeat(60))).toBe(`"${'x'.repeat(60)}"`);
    expect(quote('x'.repeat(61))).toBe(`"${'x'.repeat(60)}…"`);
    expect(quote('😀'.repeat(61))).toBe(`"${'😀'.repeat(60)}…"`);
  });

  it.each([
    ['a\nb', '"a\\nb"'],
    ['\u001b[31m', '"\\u001b[31m"'],
    ['\u009b', '"\\u009b"'],
    ['a\u202eb', '"a\\u202eb"'],
    ['\u2028', '"\\u2028"'],
    ['"', '"\\""'],
  ])('escapes %j', (text, expected) => {
    expect(quote(text)).toBe(expected);
  });

  it('is one printable line whatever the text is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(quote(text)).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});

describe('oneLine', () => {
  it('joins lines and cuts at the length', () => {
    expect(oneLine('  a\n  b\u001b ', 20)).toBe('a b\\u001b');
    expect(oneLine('abcdef', 3)).toBe('abc…');
  });
});

describe('isSecretName', () => {
  it.each(['AIRTABLE_API_KEY', 'KV_REST_API_TOKEN', 'client_secret', 'DbPassword', 'Authorization'])(
    '%s',
    (name) => {
      expect(isSecretName(name)).toBe(true);
    },
  );

  it.each(['WAGTAIL_API_URL', 'SESSION_CACHE_TTL', 'listen'])('not %s', (name) => {
    expect(isSecretName(name)).toBe(false);
  });
});
