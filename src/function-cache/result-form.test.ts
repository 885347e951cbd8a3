import { describe, expect, it } from 'vitest';
import { markedCopy } from '../store/mark.ts';
import { decodeValue, encodeValue } from '../value-cache/value-form.ts';
import { decodeResult, encodeResult } from './result-form.ts';

const value = (of: unknown, graceMs = 0) => encodeResult({ result: { kind: 'value', value: of }, graceMs });
const failure = (error: Error) => encodeResult({ result: { kind: 'failure', error }, graceMs: 0 });

describe('the stored form of a result', () => {
  it('holds the result and its grace', () => {
    expect(decodeResult(value({ at: new Date(1) }, 63_072_000_000))).toEqual({
      result: { kind: 'value', value: { at: new Date(1) } },
      graceMs: 63_072_000_000,
    });
    expect(decodeResult(value(undefined))).toEqual({
      result: { kind: 'value', value: undefined },
      graceMs: 0,
    });
  });

  it('holds of a failure what it is known by', () => {
    const given = Object.assign(new TypeError('no such user'), {
      code: 'ENOUSER',
      secret: 'x',
      cause: new Error('y'),
    });
    const { result } = decodeResult(failure(given))!;
    const { error } = result as { error: Error };
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'TypeError', message: 'no such user', code: 'ENOUSER' });
    expect(Object.keys(error)).toEqual(['code']);
    expect(error.cause).toBeUndefined();
    expect(
      Object.keys((decodeResult(failure(new RangeError('a')))!.result as { error: Error }).error),
    ).toEqual([]);
  });

  it('is nothing to who does not know it, or where it was marked', () => {
    const bytes = value({ a: 1 });
    expect(decodeResult(markedCopy(bytes, 5)!)).toBeUndefined();
    expect(decodeValue(bytes)).toBeUndefined();
    expect(decodeResult(encodeValue({ a: 'long enough to be one' }))).toBeUndefined();
    expect(decodeResult(Buffer.from('something else'))).toBeUndefined();
    expect(decodeResult(bytes.subarray(0, -1))).toBeUndefined();
    const unknownKind = Buffer.from(bytes);
    unknownKind[9] = 7;
    expect(decodeResult(unknownKind)).toBeUndefined();
  });
});
