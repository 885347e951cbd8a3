/** The keys of each slot, by their places in the list. */
export function placesBySlot(
  keys: readonly string[],
  slotOf: (key: string) => number,
): Map<number, number[]> {
  const places = new Map<number, number[]>();
  keys.forEach((key, place) => {
    const slot = slotOf(key);
    const known = places.get(slot);
    if (known === undefined) places.set(slot, [place]);
    else known.push(place);
  });
  return places;
}

/** The keys apart by their slots. */
export function keysBySlot(keys: readonly string[], slotOf: (key: string) => number): string[][] {
  return [...placesBySlot(keys, slotOf).values()].map((places) => places.map((place) => keys[place]!));
}
