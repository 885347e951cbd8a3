/** Lets work on the same key be done one after the other, in the order in which it was given. */
export interface Turns {
  /** Settles with `work`, which begins when all that was given before for one of its keys has ended. */
  take(keys: readonly string[], work: () => Promise<void>): Promise<void>;
}

export function createTurns(): Turns {
  const latest = new Map<string, Promise<void>>();
  return {
    async take(keys, work) {
      const turn = Promise.allSettled(keys.map((key) => latest.get(key))).then(work);
      for (const key of keys) latest.set(key, turn);
      try {
        await turn;
      } finally {
        for (const key of keys) if (latest.get(key) === turn) latest.delete(key);
      }
    },
  };
}
