import type { Fill } from './fill.ts';

/** An exchange that is nobody else's, though something of it may be stored. */
export interface LoneExchange {
  outdated: boolean;
  readonly joinable: false;
}

/** The fills under way in this process, by resource: one, or several where it varies or can't be shared. */
export interface Fills {
  add(key: string, fill: Fill | LoneExchange): void;
  remove(key: string, fill: Fill | LoneExchange): void;
  has(key: string): boolean;
  /**
   * A fill that a request which has not tried it yet may join. Who sends no credentials does not wait for a response to
   * some, which would hardly be shared.
   * @param isAlike whether a fill's own request is known to select the same response, as far as anything is known
   */
  joinable(
    key: string,
    tried: ReadonlySet<Fill>,
    credentialed: boolean,
    isAlike: (fill: Fill) => boolean,
  ): Fill | null;
  /** The resource has changed: what is under way is older, and nobody joins it any more. */
  outdate(key: string): void;
}

export function createFills(): Fills {
  const byKey = new Map<string, Set<Fill | LoneExchange>>();
  return {
    add(key, fill) {
      const fills = byKey.get(key);
      if (fills === undefined) byKey.set(key, new Set([fill]));
      else fills.add(fill);
    },
    remove(key, fill) {
      const fills = byKey.get(key);
      if (fills?.delete(fill) && fills.size === 0) byKey.delete(key);
    },
    has: (key) => byKey.has(key),
    joinable(key, tried, credentialed, isAlike) {
      for (const fill of byKey.get(key) ?? []) {
        if (!fill.joinable || fill.outdated || tried.has(fill) || !isAlike(fill)) continue;
        if (credentialed || !fill.credentialed) return fill;
      }
      return null;
    },
    outdate(key) {
      for (const fill of byKey.get(key) ?? []) fill.outdated = true;
    },
  };
}
