import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomPlaces, shareOf } from './random-places.ts';

describe('randomPlaces', () => {
  it('answers so many places, none twice, all of them in the lists and in order', () => {
    const sizes = fc.array(fc.nat(20), { maxLength: 8 });
    fc.assert(
      fc.property(sizes, fc.nat(60), (lists, count) => {
        const places = randomPlaces(lists, count);
        const total = lists.reduce((sum, size) => sum + size, 0);
        expect(places).toHaveLength(Math.min(total, count));
        for (const { list, at } of places) expect(at >= 0 && at < lists[list]!).toBe(true);
        const numbers = places.map(({ list, at }) => list * 100 + at);
        expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      }),
    );
  });

  it('makes every choice as often as any other', () => {
    const random = pseudoRandom(1);
    const counts = new Map<string, number>();
    for (let i = 0; i < 20_000; i += 1) {
      const choice = randomPlaces([1, 0, 2, 3], 3, random)
        .map(({ list, at }) => `${list}.${at}`)
        .join(' ');
      counts.set(choice, (counts.get(choice) ?? 0) + 1);
    }
    expect(counts.size).toBe(20);
    // Seven standard deviations.
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(216);
  });

  it('takes no longer where lists are long', () => {
    let asked = 0;
    const random = () => {
      asked += 1;
      return Math.random();
    };
    expect(randomPlaces([2 ** 50, 2 ** 50], 100, random)).toHaveLength(100);
    expect(asked).toBe(100);
  });
});

it('the number of entries is corrected by how many of those looked at are there', () => {
  expect(shareOf(1_000, 200, 150)).toBe(750);
  expect(shareOf(3, 3, 2)).toBe(2);
  expect(shareOf(0, 0, 0)).toBe(0);
});

/** Numbers that look random, the same each time (Park and Miller's generator). */
function pseudoRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return (state - 1) / 2_147_483_646;
  };
}
