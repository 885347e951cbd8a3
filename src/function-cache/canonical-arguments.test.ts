import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { areSameArguments, argumentPairs } from '../../test/support/argument-pairs.ts';
import { digestOfCall, digestOfKey } from './canonical-arguments.ts';

const digest = (...args: unknown[]) => digestOfCall('f', '1', args);

class Point {
  x = 1;
}
class OwnMap extends Map {}

function deep(levels: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < levels; i += 1) value = [value];
  return value;
}

function selfish(): object {
  const around: { self?: unknown } = {};
  around.self = [around];
  return around;
}

describe('the digest of a call', () => {
  it('is SHA-256', () => {
    expect(digest(1)).toMatch(/^[\w-]{43}$/);
  });

  it('is the same for the same arguments alone, of 100,000 random pairs', () => {
    const counts = { same: 0, other: 0 };
    for (const [a, b] of argumentPairs(100_000, 7)) {
      const same = areSameArguments(a, b);
      if ((digest(...a) === digest(...b)) !== same) expect({ a, b }).toBe(same);
      counts[same ? 'same' : 'other'] += 1;
    }
    expect(Math.min(counts.same, counts.other)).toBeGreaterThan(30_000);
  });

  it.each([
    ['the order of fields', [{ a: 1, b: { c: 2, d: 3 } }], [{ b: { d: 3, c: 2 }, a: 1 }]],
    [
      'the order of the entries of a Map',
      [
        new Map([
          [1, 'a'],
          [2, 'b'],
        ]),
      ],
      [
        new Map([
          [2, 'b'],
          [1, 'a'],
        ]),
      ],
    ],
    ['the order of the members of a Set', [new Set([{ a: 1 }, 2])], [new Set([2, { a: 1 }])]],
    ['the sign of 0', [-0, { a: -0 }], [0, { a: 0 }]],
    ['arguments left out at the end', [1, undefined, undefined], [1]],
    ['the lack of a prototype', [Object.assign(Object.create(null), { a: 1 })], [{ a: 1 }]],
    ['another view of the same bytes', [new Uint8Array([9, 1, 2]).subarray(1)], [new Uint8Array([1, 2])]],
  ])('does not depend on %s', (_name, a, b) => {
    expect(digest(...a)).toBe(digest(...b));
  });

  it.each([
    ['a field that is undefined, and none', [{ a: undefined }], [{}]],
    ['an argument left out in between, and null', [undefined, 1], [null, 1]],
    ['a place left out, and undefined', [new Array(1)], [[undefined]]],
    ['a number, and its text', [1], ['1']],
    ['a number, and a bigint', [1], [1n]],
    ['a date, and its text', [new Date(0)], [new Date(0).toJSON()]],
    ['a Map, and its entries', [new Map([['a', 1]])], [[['a', 1]]]],
    ['a Buffer, and other bytes', [Buffer.from('a')], [new Uint8Array([97])]],
    ['an URL, and its text', [new URL('https://a.test/')], ['https://a.test/']],
    ['one argument, and two', [['a', 'b']], ['a', 'b']],
    ['where one text ends', ['ab', 'c'], ['a', 'bc']],
    ['halves of surrogate pairs', ['\ud83d'], ['\ud83e']],
    ['where a sticky expression goes on', [/a/y], [Object.assign(/a/y, { lastIndex: 1 })]],
  ])('tells apart %s', (_name, a, b) => {
    expect(digest(...a)).not.toBe(digest(...b));
  });

  it('tells functions, their versions and keys apart', () => {
    const all = [
      ...[digestOfCall('f', '1', [1]), digestOfCall('f', '2', [1]), digestOfCall('g', '1', [1])],
      ...[digestOfCall('f', '11', []), digestOfCall('f1', '1', []), digestOfKey('f', '1', 1)],
      digestOfKey('f', '1', [1]),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(digestOfKey('f', '1', { b: 1, a: 2 })).toBe(digestOfKey('f', '1', { a: 2, b: 1 }));
  });

  it('knows what comes from another realm', () => {
    const made: unknown = runInContext(
      '[{ a: [1, new Date(0), new Map([[1, 2]]), new Uint8Array(2)] }]',
      createContext(),
    );
    expect(digest(made)).toBe(digest([{ a: [1, new Date(0), new Map([[1, 2]]), new Uint8Array(2)] }]));
  });

  it.each([
    ['a function', [1, { filter: { fn: () => 1 } }], 'argument 2 .filter.fn is a function'],
    ['a symbol', [Symbol('a')], 'argument 1 is a symbol'],
    ['a promise', [[Promise.resolve()]], 'argument 1 [0] is a promise'],
    ['an object of a class', [{ at: new Point() }], 'argument 1 .at is an object of the class Point'],
    ['a class on top of a Map', [new OwnMap()], 'argument 1 is an object of the class OwnMap'],
    ['an error', [new TypeError('x')], 'argument 1 is an object of the class TypeError'],
    ['a boxed number', [Object(1)], 'argument 1 is an object of the class Number'],
    ['a WeakMap', [new WeakMap()], 'argument 1 is an object of the class WeakMap'],
    ['what holds itself', [selfish()], 'argument 1 .self[0] holds itself'],
    ['a Map that is a key of itself', [new Map([[selfish(), 1]])], 'argument 1 <key 1>.self[0] holds itself'],
    ['a member of a Set', [new Set([1, () => 1])], 'argument 1 <member 2> is a function'],
    ['a value of a Map', [new Map([[1, () => 1]])], 'argument 1 <value 1> is a function'],
    ['names that are long or odd', [{ 'a secret token': () => 1 }], 'argument 1 […] is a function'],
    ['an array with a name', ['ab'.match(/a(b)/)], 'argument 1 has fields that are no part of what it is'],
    ['a date with a name', [Object.assign(new Date(), { a: 1 })], 'argument 1 has fields'],
    ['a name that is a symbol', [{ [Symbol.iterator]: 1 }], 'argument 1 has fields'],
    ['what is too deep', [deep(65)], 'lies deeper than 64 levels'],
    [
      'what is too long',
      ['x'.repeat(5_000_000)],
      'argument 1 makes the arguments more than 4194304 characters',
    ],
    ['too many bytes', [1, Buffer.alloc(5_000_000)], 'argument 2 makes the arguments more than'],
    ['what is too long all together', ['x'.repeat(3_000_000), 'x'.repeat(3_000_000)], 'argument 2 makes'],
    ['an accessor that throws', [1, { a: throwing() }], "argument 2 can't be read"],
    ['a proxy that was revoked', [revoked()], "argument 1 can't be read"],
    ['bytes that were handed over', [handedOver()], "argument 1 can't be read"],
    ['an address that is none', [Object.create(URL.prototype)], "argument 1 can't be read"],
    ['an array of nothing', [new Array(4_000_000_000)], 'argument 1 makes the arguments more than'],
  ])('refuses %s', (_name, args, message) => {
    const error = errorOf(() => digest(...args));
    expect(error).toMatchObject({ code: 'ERR_CACHE_KEY', message: expect.stringContaining(message) });
    expect((error as Error).message).toContain('`key`');
    expect((error as Error).message.length).toBeLessThan(500);
  });

  it('takes the same object in two places, and as deep as it says', () => {
    const shared = { a: 1 };
    expect(digest([shared, shared])).toBe(digest([{ a: 1 }, { a: 1 }]));
    expect(digest(deep(64))).toHaveLength(43);
  });

  it('says of a key what it says of arguments', () => {
    expect(() => digestOfKey('f', '1', { of: Symbol('a') })).toThrow('the key .of is a symbol');
  });
});

function throwing(): object {
  return {
    get secret() {
      throw new Error('secret');
    },
  };
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

function handedOver(): Uint8Array {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}

function errorOf(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error;
  }
}
