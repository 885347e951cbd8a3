import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { argumentPairs } from '../../test/support/argument-pairs.ts';
import { readTagged, writeTagged } from './tagged-json.ts';

class Point {
  x = 1;
}

/** Not of every release of Node.js. */
const { Float16Array: newestView = Float32Array } = globalThis as { Float16Array?: typeof Float32Array };

/** All that it is: places left out, -0 and prototypes too. */
const shown = (value: unknown) => inspect(value, { depth: Infinity, maxArrayLength: null });
const again = (value: unknown) => readTagged(writeTagged(value));

describe('a result', () => {
  it.each([
    ['plain JSON', { a: [1, 'é\ud800', true, null, { b: 1.5 }] }, false],
    ['a date', { at: new Date(5), never: new Date(Number.NaN) }, true],
    ['bigints', [0n, -12n, 2n ** 80n], true],
    ['a Map', new Map<unknown, unknown>([[{ a: 1 }, new Set([1, undefined])]]), true],
    ['numbers that JSON has no form for', [Number.NaN, Infinity, -Infinity, -0], true],
    ['fields that are undefined', { a: undefined, b: [undefined] }, true],
    ['undefined itself', undefined, true],
    ['places left out', Object.assign(new Array(3), { 1: 'a' }), true],
    ['bytes', [Buffer.from('aé'), new Uint8Array([1, 2]).subarray(1), new Float64Array([1.5, -0])], true],
    ['the bytes of newer releases', [Reflect.construct(newestView, [[1.5]])], true],
    ['a buffer', { data: new Uint8Array([1, 2]).buffer }, true],
    ['an expression and an address', [/a+/gi, new URL('https://a.test/?b=1')], true],
    ['what looks like a tag', { '~': 'date', v: 5, more: { '~': [1] } }, true],
    ['what names a prototype', JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}'), false],
    ['the same with a date', Object.assign(JSON.parse('{"__proto__": 1}'), { at: new Date(1) }), true],
    ['an object without a prototype', Object.assign(Object.create(null), { a: new Date(1) }), true],
  ])('comes back as it was: %s', (_name, value, isTagged) => {
    const written = writeTagged(value);
    expect(written.isTagged).toBe(isTagged);
    expect(readTagged(written)).toStrictEqual(value);
  });

  it('comes back as it was, at random', () => {
    for (const [value] of argumentPairs(5_000, 11)) expect(shown(again(value))).toBe(shown(value));
  });

  it('has bytes of its own', () => {
    const [bytes] = again([new Uint8Array([1, 2])]) as [Uint8Array];
    expect(bytes.buffer.byteLength).toBe(2);
  });

  it.each([
    ['an object of a class', { at: [new Point()] }, 'its .at[0] is an object of the class Point'],
    ['a function', { fn() {} }, 'its .fn is a function'],
    ['itself', new Point(), 'it is an object of the class Point'],
    ['an error', [new Error('x')], 'its [0] is an object of the class Error'],
    ['an array with names', 'ab'.match(/a(b)/), 'it has fields that are no part of what it is'],
    ['a symbol', new Map([[1, Symbol('a')]]), 'its <value> is a symbol'],
  ])('can not be %s', (_name, value, message) => {
    expect(() => writeTagged(value)).toThrow(
      expect.objectContaining({ code: 'ERR_CACHE_VALUE', message: expect.stringContaining(message) }),
    );
  });

  it('can not hold itself, nor be too deep', () => {
    const around: unknown[] = [];
    around.push({ around });
    expect(() => writeTagged(around)).toThrow('its [0].around holds itself');
    let deep: unknown = 1;
    for (let i = 0; i < 2_000; i += 1) deep = [deep];
    expect(() => writeTagged(deep)).toThrow('lies deeper than 1000 levels');
  });

  it('has an end, however often the same stands in it', () => {
    let all: unknown = [];
    for (let i = 0; i < 60; i += 1) all = [all, all];
    expect(() => writeTagged(all)).toThrow('makes it more than 4194304 objects');
  });
});
