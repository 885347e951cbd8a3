import type { MaybePromise } from '../store/store.ts';

/** So many at once; others wait, in their order. */
export interface Turns {
  /**
   * Answers with what ends the turn, which does so once.
   * @throws the signal's reason
   */
  take(signal: AbortSignal): MaybePromise<() => void>;
}

export function createTurns(limit: number): Turns {
  let free = limit;
  const waiting = new Set<() => void>();

  function turn(): () => void {
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      const [next] = waiting;
      if (next === undefined) free += 1;
      else next();
    };
  }

  return {
    take(signal) {
      signal.throwIfAborted();
      if (free > 0) {
        free -= 1;
        return turn();
      }
      return new Promise((resolve, reject) => {
        const end = () => {
          waiting.delete(enter);
          signal.removeEventListener('abort', leave);
        };
        const enter = () => {
          end();
          resolve(turn());
        };
        const leave = () => {
          end();
          reject(signal.reason);
        };
        waiting.add(enter);
        signal.addEventListener('abort', leave);
      });
    },
  };
}
