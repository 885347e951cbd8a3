import fc from 'fast-check';
import { expect, it } from 'vitest';
import { digestOfCall } from './canonical-arguments.ts';
import { copiedArguments } from './copied-arguments.ts';

it('copies what arguments can be, all of it', () => {
  const expression = Object.assign(/a/gi, { lastIndex: 3 });
  const left = Object.assign(new Array(3), { 1: 'a' });
  const own = JSON.parse('{"__proto__": {"a": 1}}') as object;
  const given = [
    ...[null, undefined, 1n, 'a', expression, new URL('https://a.test/b?c'), new Date(5), left, own],
    ...[Buffer.from('ab'), new Float64Array([1, Number.NaN]), new Uint8Array([1, 2, 3]).subarray(1).buffer],
    ...[new Map([[{ a: 1 }, new Set([[1]])]]), Object.assign(Object.create(null), { a: { b: [] } })],
  ];
  const copied = copiedArguments(given);
  expect(copied).toStrictEqual(given);
  expect(digestOfCall('f', '1', copied)).toBe(digestOfCall('f', '1', given));
  for (const [i, each] of copied.entries()) {
    if (typeof each === 'object' && each !== null) expect(each).not.toBe(given[i]);
  }
});

it('copies at random', () => {
  const anything = fc.anything({
    ...{ withBigInt: true, withDate: true, withMap: true, withSet: true },
    ...{ withSparseArray: true, withTypedArray: true, withNullPrototype: true },
  });
  fc.assert(
    fc.property(fc.array(anything), (given) => {
      const copied = copiedArguments(given);
      expect(digestOfCall('f', '1', copied)).toBe(digestOfCall('f', '1', given));
    }),
    { numRuns: 1_000 },
  );
});
