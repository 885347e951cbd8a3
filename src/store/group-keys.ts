/**
 * The key of something that goes with another key, in the same slot of a Cluster: `key:suffix` where the key has a hash
 * tag, `{key}:suffix` where it has no brace. `null` for a key that has braces and no hash tag.
 *
 * Cluster specification, "Hash tags": what stands between the first `{` and the first `}` after it, if anything does.
 */
export function companionKey(key: string, suffix: string): string | null {
  if (hashTag(key) !== null) return `${key}:${suffix}`;
  return /[{}]/.test(key) ? null : `{${key}}:${suffix}`;
}

/** The part of a key that decides its slot; `null`: all of it. */
export function hashTag(key: string): string | null {
  const from = key.indexOf('{') + 1;
  if (from === 0) return null;
  const to = key.indexOf('}', from);
  return to <= from ? null : key.slice(from, to);
}

/** The keys that lie beside a group's base, in its Cluster slot. */
export interface GroupKeys {
  /** Who fills the group: a hash. */
  readonly fills: string;
  /** The other keys of the group: a sorted set, each scored with the instant that it expires at. */
  readonly keys: string;
  /** Touched when the group was dropped while it was filled; never there. */
  readonly dropped: string;
}

const DROPPED = 'dropped';

/** `null` for a base that has no companions (`companionKey`). */
export function groupKeys(base: string): GroupKeys | null {
  const fills = companionKey(base, 'fills');
  const keys = companionKey(base, 'keys');
  const dropped = companionKey(base, DROPPED);
  return fills === null || keys === null || dropped === null ? null : { fills, keys, dropped };
}

/** Where it is kept when a tag was last dropped: a number in the sequence of drops. `null` as for groups. */
export function tagDroppedKey(tag: string): string | null {
  return companionKey(tag, DROPPED);
}

/** The base of the group whose drop touched this key; `null` for any other key. */
export function droppedBase(key: string): string | null {
  if (!key.endsWith(`:${DROPPED}`)) return null;
  const stem = key.slice(0, -DROPPED.length - 1);
  const bare = /^\{([^{}]+)\}$/.exec(stem)?.[1];
  if (bare !== undefined) return bare;
  return hashTag(stem) === null ? null : stem;
}
