/** Owns work that outlives the request that began it, so that no promise is left without an owner. */
export interface Background {
  /** Takes over `work`; a failure is the work's own to handle. Answers `false` when it is full or closed. */
  run(work: () => Promise<unknown>): boolean;
  /** Resolves when nothing is under way, or after `deadlineMs`. Answers whether all is done. */
  settle(deadlineMs: number): Promise<boolean>;
  /** Resolves when all that is under way by now has ended; `null`: nothing is. Never rejects. */
  underWay(): Promise<unknown> | null;
}

/** @param limit at most so many pieces of work at once; more are refused. */
export function createBackground(limit: number, onError: (error: unknown) => void): Background {
  const underWay = new Set<Promise<unknown>>();
  return {
    run(work) {
      if (underWay.size >= limit) return false;
      const task = Promise.resolve()
        .then(work)
        .catch(onError)
        .finally(() => underWay.delete(task));
      underWay.add(task);
      return true;
    },
    async settle(deadlineMs) {
      if (underWay.size === 0) return true;
      let timer: NodeJS.Timeout | undefined;
      const deadline = new Promise<boolean>((resolve) => {
        timer = setTimeout(resolve, deadlineMs, false);
      });
      // Work under way may start more, so ask again until the set is empty.
      const drained = (async () => {
        while (underWay.size > 0) await Promise.allSettled(underWay);
        return true;
      })();
      const done = await Promise.race([drained, deadline]);
      clearTimeout(timer);
      return done;
    },
    underWay: () => (underWay.size === 0 ? null : Promise.allSettled(underWay)),
  };
}
