/** Which groups have which tags, for a store in this process: each value of a group holds the group to its tags. */
export interface TagIndex {
  add(base: string, tags: readonly string[]): void;
  /** Takes back one `add`. */
  remove(base: string, tags: readonly string[]): void;
  /** The groups that have all of these tags. */
  withAll(tags: readonly string[]): string[];
  /** How many groups have the tag. */
  size(tag: string): number;
  /** One of them, by its place in no order; below `size`. */
  at(tag: string, place: number): string;
  clear(): void;
}

/** The groups with one tag. They stand in a list too, so that any of them is found without a walk over all. */
interface Members {
  readonly bases: string[];
  readonly holds: Map<string, { times: number; place: number }>;
}

export function createTagIndex(): TagIndex {
  const byTag = new Map<string, Members>();

  function addOne(base: string, tag: string): void {
    let members = byTag.get(tag);
    if (members === undefined) {
      members = { bases: [], holds: new Map() };
      byTag.set(tag, members);
    }
    const hold = members.holds.get(base);
    if (hold !== undefined) hold.times += 1;
    else members.holds.set(base, { times: 1, place: members.bases.push(base) - 1 });
  }

  function removeOne(base: string, tag: string): void {
    const members = byTag.get(tag);
    const hold = members?.holds.get(base);
    if (members === undefined || hold === undefined) return;
    hold.times -= 1;
    if (hold.times > 0) return;
    members.holds.delete(base);
    fillPlace(members, hold.place);
    if (members.bases.length === 0) byTag.delete(tag);
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
      const found = [...(byTag.get(first)?.bases ?? [])];
      return found.filter((base) => others.every((tag) => byTag.get(tag)?.holds.has(base) === true));
    },
    size: (tag) => byTag.get(tag)?.bases.length ?? 0,
    at: (tag, place) => byTag.get(tag)!.bases[place]!,
    clear: () => byTag.clear(),
  };
}

/** The last one takes the place of one that is gone. */
function fillPlace({ bases, holds }: Members, place: number): void {
  const last = bases.pop()!;
  if (place === bases.length) return;
  bases[place] = last;
  holds.get(last)!.place = place;
}
