import type { Fill } from './fill.ts';

/** The fills under way in this process, by resource: one, or several where it varies or can't be shared. */
export interface Fills {
  add(key: string, fill: Fill): void;
  remove(key: string, fill: Fill): void;
  has(key: string): boolean;
  /**
   * A fill that a request which has not tried it yet may join. Who sends no credentials does not wait for a response to
   * some, which would hardly be shared.
   * @param begunSince in milliseconds of `performance.now()`; one that was begun before may be older than the resource
   * @param isAlike whether a fill's own request is known to select the same response, as far as anything is known
   */
  joinable(
    key: string,
    tried: ReadonlySet<Fill>,
    credentialed: boolean,
    begunSince: number,
    isAlike: (fill: Fill) => boolean,
  ): Fill | null;
  /** Follows an exchange that is no fill, though something of it may be stored. */
  follow(key: string): FollowedExchange;
  /** The resource has changed: what is under way is older, and nobody joins it any more. */
  outdate(key: string): void;
  /** Any resource may have changed: what is under way has those who wait for it, and nobody joins it any more. */
  seal(): void;
}

export interface FollowedExchange {
  /** The resource was invalidated meanwhile, so that what the exchange brings is older. */
  readonly outdated: boolean;
  readonly end: () => void;
}

export function createFills(): Fills {
  const fills = createGroups<Fill>();
  const followed = createGroups<{ outdated: boolean }>();
  return {
    ...fills,
    joinable(key, tried, credentialed, begunSince, isAlike) {
      for (const fill of fills.of(key)) {
        if (!fill.joinable || fill.outdated || fill.sealed || fill.begunAt < begunSince) continue;
        if (tried.has(fill) || !isAlike(fill)) continue;
        if (credentialed || !fill.credentialed) return fill;
      }
      return null;
    },
    follow(key) {
      const exchange = { outdated: false, end: () => followed.remove(key, exchange) };
      followed.add(key, exchange);
      return exchange;
    },
    outdate(key) {
      for (const each of [...fills.of(key), ...followed.of(key)]) each.outdated = true;
    },
    seal() {
      for (const fill of fills.all()) fill.sealed = true;
    },
  };
}

/** Sets of things by key; none is kept when it is empty. */
function createGroups<Member>() {
  const byKey = new Map<string, Set<Member>>();
  return {
    of: (key: string): Iterable<Member> => byKey.get(key) ?? [],
    has: (key: string) => byKey.has(key),
    *all(): Iterable<Member> {
      for (const members of byKey.values()) yield* members;
    },
    add(key: string, member: Member): void {
      const members = byKey.get(key);
      if (members === undefined) byKey.set(key, new Set([member]));
      else members.add(member);
    },
    remove(key: string, member: Member): void {
      const members = byKey.get(key);
      if (members?.delete(member) && members.size === 0) byKey.delete(key);
    },
  };
}
