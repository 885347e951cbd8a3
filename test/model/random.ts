/** Chance that can be repeated: the same seed gives the same run. */
export interface Random {
  /** A whole number from 0 to `bound - 1`. */
  below(bound: number): number;
  /** `true` in this share of cases. */
  chance(share: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** One of the values, each as often as the number before it says. */
  weighted<T>(from: readonly (readonly [weight: number, value: T])[]): T;
}

const GOLDEN = 0x9e3779b9;

/** A Weyl sequence whose terms are mixed: small and fast, and good enough to deal cards with. */
export function createRandom(seed: number): Random {
  let state = scrambled(seed);
  const share = () => {
    state = (state + GOLDEN) | 0;
    return scrambled(state) / 2 ** 32;
  };
  const below = (bound: number) => Math.floor(share() * bound);
  return {
    below,
    chance: (limit) => share() < limit,
    pick: (from) => from[below(from.length)]!,
    weighted(from) {
      let left = below(from.reduce((sum, [weight]) => sum + weight, 0));
      for (const [weight, value] of from) {
        left -= weight;
        if (left < 0) return value;
      }
      return from.at(-1)![1];
    },
  };
}

/** Another 32 bits for each 32 bits, not to be told from chance. */
export function scrambled(value: number): number {
  let bits = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
  bits = Math.imul(bits ^ (bits >>> 12), 0x297a2d39);
  return (bits ^ (bits >>> 15)) >>> 0;
}
