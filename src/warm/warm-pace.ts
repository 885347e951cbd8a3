/** When a job may ask for the next item. */
export interface WarmPace {
  /** Waits for a turn; `false`: there is none any more. Whoever has it gives it back (`back`). */
  turn(): Promise<boolean>;
  /** Another may have it. `later`: the origin is not to be asked now; nobody has a turn for `pauseMs`. */
  back(result: 'done' | 'later', pauseMs?: number): void;
  /** Nobody has a turn while something that all need is away. */
  hold(held: boolean): void;
  /** Nobody has a turn any more. */
  stop(): void;
}

/** Turns for at most so many at once: one after the origin has asked to wait, and with each that went well one more. */
export function createWarmPace(most: number, now: () => number = () => performance.now()): WarmPace {
  // Never more than the job has slots.
  const waiting: ((has: boolean) => void)[] = [];
  let allowed = most;
  let active = 0;
  let pausedUntil = 0;
  let held = false;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;

  function goOn(): void {
    clearTimeout(timer);
    if (held || stopped || waiting.length === 0) return;
    const leftMs = pausedUntil - now();
    if (leftMs > 0) {
      timer = setTimeout(goOn, Math.ceil(leftMs)).unref();
      return;
    }
    while (active < allowed && waiting.length > 0) {
      active += 1;
      waiting.shift()!(true);
    }
  }

  return {
    turn() {
      if (stopped) return Promise.resolve(false);
      return new Promise((resolve) => {
        waiting.push(resolve);
        goOn();
      });
    },
    back(result, pauseMs = 0) {
      active -= 1;
      allowed = result === 'later' ? 1 : Math.min(most, allowed + 1);
      pausedUntil = Math.max(pausedUntil, now() + pauseMs);
      goOn();
    },
    hold(isHeld) {
      held = isHeld;
      goOn();
    },
    stop() {
      stopped = true;
      clearTimeout(timer);
      for (const resolve of waiting.splice(0)) resolve(false);
    },
  };
}
