import { describe, expect, it } from 'vitest';
import { decodedCodings, decodedFields, isDecodedAlike, validatedFields } from './decoded-fields.ts';

describe('the codings of a content', () => {
  it.each([
    ['gzip', ['gzip']],
    ['GZip , br', ['gzip', 'br']],
    ['x-gzip,deflate', ['x-gzip', 'deflate']],
  ])('%s are decoded', (value, codings) => {
    expect(decodedCodings(['Content-Encoding', value])).toEqual(codings);
  });

  it.each(['zstd', 'gzip, aws-chunked', '', 'identity', 'gzip,gzip,gzip,gzip,gzip,gzip'])(
    '%j is not',
    (value) => {
      const fields = ['content-encoding', value, 'content-length', '7', 'etag', '"a"'];
      expect(decodedCodings(fields)).toEqual([]);
      expect(decodedFields(fields)).toBe(fields);
    },
  );
});

describe('a content', () => {
  it.each([undefined, 'gzip', 'aws-chunked', 'utf-8'])('in %j is the same to every fetch', (value) => {
    expect(isDecodedAlike(value)).toBe(true);
  });
  it.each(['zstd', 'gzip, ZSTD', 'gzip,gzip,gzip,gzip,gzip,gzip'])('in %j is not', (value) => {
    expect(isDecodedAlike(value)).toBe(false);
  });
});

describe('the fields of a decoded content', () => {
  it('are without what described the coded one, whose tag is a weak one of it', () => {
    const fields = [
      'content-encoding',
      'br',
      'content-length',
      '7',
      'etag',
      '"a"',
      'content-digest',
      'x',
      'age',
      '1',
    ];
    expect(decodedFields(fields)).toEqual(['age', '1', 'etag', 'W/"a"']);
  });

  it('keep a weak tag, and what is none', () => {
    expect(decodedFields(['content-encoding', 'br', 'etag', 'W/"a"'])).toEqual(['etag', 'W/"a"']);
    expect(decodedFields(['content-encoding', 'br', 'etag', 'a'])).toEqual(['etag', 'a']);
  });
});

describe('the tag of a 304', () => {
  it('is weak where a weakened one was asked for', () => {
    expect(validatedFields(['etag', '"a"', 'age', '1'], 'W/"b", W/"a"')).toEqual([
      'age',
      '1',
      'etag',
      'W/"a"',
    ]);
  });

  it.each([undefined, '"a"', 'W/"b"', '*'])('stays as it is where %s was', (noneMatch) => {
    const fields = ['etag', '"a"'];
    expect(validatedFields(fields, noneMatch)).toBe(fields);
  });
});
