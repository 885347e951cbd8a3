/** Which groups have which tags, for a store in this process: each value of a group holds the group to its tags. */
export interface TagIndex {
  add(base: string, tags: readonly string[]): void;
  /** Takes back one `add`. */
  remove(base: string, tags: readonly string[]): void;
  /** The groups that have all of these tags. */
  withAll(tags: readonly string[]): string[];
  clear(): void;
}

export function createTagIndex(): TagIndex {
  const counts = new Map<string, Map<string, number>>();

  function addOne(base: string, tag: string): void {
    let groups = counts.get(tag);
    if (groups === undefined) {
      groups = new Map();
      counts.set(tag, groups);
    }
    groups.set(base, (groups.get(base) ?? 0) + 1);
  }

  function removeOne(base: string, tag: string): void {
    const groups = counts.get(tag);
    const left = (groups?.get(base) ?? 0) - 1;
    if (left > 0) groups!.set(base, left);
    else groups?.delete(base);
    if (groups?.size === 0) counts.delete(tag);
  }

  return {
    add(base, tags) {
      for (const tag of tags) addOne(base, tag);
    },
    remove(base, tags) {
      for (const tag of tags) removeOne(base, tag);
    },
    withAll([first, ...others]) {
      if (first === undefined) return [];
      const found = [...(counts.get(first)?.keys() ?? [])];
      return found.filter((base) => others.every((tag) => counts.get(tag)?.has(base) === true));
    },
    clear: () => counts.clear(),
  };
}
