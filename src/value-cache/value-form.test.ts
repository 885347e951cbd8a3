import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CachegateError } from '../errors.ts';
import { markedCopy } from '../store/mark.ts';
import { decodeValue, encodeValue } from './value-form.ts';

describe('the form of a cached value', () => {
  it('brings back what JSON can carry', () => {
    const json = fc.jsonValue().filter((value) => value !== null);
    fc.assert(
      fc.property(json, (value) => {
        // JSON knows no negative zero.
        expect(decodeValue(encodeValue(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
    expect(decodeValue(encodeValue({ a: undefined, b: [{ c: null }] }))).toEqual({ b: [{ c: null }] });
    expect(decodeValue(encodeValue(Object.assign(Object.create(null), { a: 1 })))).toEqual({ a: 1 });
  });

  it('keeps a name that others read as the prototype to itself', () => {
    const decoded = decodeValue(encodeValue(JSON.parse('{"__proto__":{"admin":true}}'))) as object;
    expect((decoded as { admin?: unknown }).admin).toBeUndefined();
    expect(Object.keys(decoded)).toEqual(['__proto__']);
  });

  const circle: unknown[] = [];
  circle.push(circle);
  const deep = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`);
  it.each([
    ['a date', { at: new Date(0) }, "the value's .at is an object of a class"],
    ['a Map', new Map(), 'the value is an object of a class'],
    ['NaN', [1, Number.NaN], "the value's [1] is NaN"],
    ['a hole', [undefined], "the value's [0] is undefined"],
    ['a function', () => 1, 'the value is function'],
    ['undefined', undefined, 'the value is undefined'],
    ['a symbol', { a: Symbol('a') }, "the value's .a is symbol"],
    ['a bigint', { a: 1n }, 'it holds itself'],
    ['a circle', circle, 'it holds itself'],
    ['more depth than there is room for', deep, 'it holds itself'],
  ])('refuses %s', (_name, value, why) => {
    expect(() => encodeValue(value)).toThrow(CachegateError);
    expect(() => encodeValue(value)).toThrow(why);
  });

  it('is nothing where it was marked, comes from another release, or is broken', () => {
    const bytes = encodeValue({ a: 1 });
    expect(decodeValue(markedCopy(bytes, 1_700_000_000_000)!)).toBeUndefined();
    expect(decodeValue(Buffer.concat([Buffer.from([99]), bytes.subarray(1)]))).toBeUndefined();
    expect(decodeValue(bytes.subarray(0, -1))).toBeUndefined();
    for (const other of [Buffer.from('true'), Buffer.alloc(0), bytes.subarray(0, 9)]) {
      expect(decodeValue(other)).toBeUndefined();
    }
  });
});
