/** Where something stands: in which of several lists, and at which place of it. */
export interface Place {
  readonly list: number;
  readonly at: number;
}

/**
 * Up to `count` places in lists of these sizes, or all if there are no more: no place twice, every choice as likely as any
 * other, in order. Takes as long as the answer is, however long the lists are.
 * @param random 0 (inclusive) to 1
 */
export function randomPlaces(
  sizes: readonly number[],
  count: number,
  random: () => number = Math.random,
): Place[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const chosen = randomNumbers(total, Math.min(total, count), random);
  const places: Place[] = [];
  let list = 0;
  let before = 0;
  for (const number of chosen) {
    while (number >= before + sizes[list]!) {
      before += sizes[list]!;
      list += 1;
    }
    places.push({ list, at: number - before });
  }
  return places;
}

/** `count` of the numbers below `total`, by Floyd's way: without making a list of all. */
function randomNumbers(total: number, count: number, random: () => number): number[] {
  const chosen = new Set<number>();
  for (let last = total - count; last < total; last += 1) {
    const number = Math.floor(random() * (last + 1));
    chosen.add(chosen.has(number) ? last : number);
  }
  return [...chosen].sort((a, b) => a - b);
}

/** How many there are, by how many of those looked at were: what was dropped or evicted may still be in an index. */
export function shareOf(total: number, lookedAt: number, found: number): number {
  return lookedAt === 0 ? 0 : Math.round((total * found) / lookedAt);
}
