/** Whether the store counts as away, so that each change is told once, however calls end that were under way. Pure. */
export interface Outage {
  readonly isOn: boolean;
  /** A call failed at `now`. Answers whether the outage begins. */
  failed(now: number): boolean;
  /** A call was answered at `now`. Answers whether the outage may end: nothing has failed for a second. */
  mayEnd(now: number): boolean;
  end(): void;
}

// Calls that were sent before the store came back may fail for as long as their deadline is.
const QUIET_MS = 1_000;

export function createOutage(): Outage {
  let isOn = false;
  let lastFailureAt = 0;
  return {
    get isOn() {
      return isOn;
    },
    failed(now) {
      lastFailureAt = now;
      const begins = !isOn;
      isOn = true;
      return begins;
    },
    // A clock that was set back is no reason to wait until it has caught up.
    mayEnd: (now) => isOn && Math.abs(now - lastFailureAt) >= QUIET_MS,
    end() {
      isOn = false;
    },
  };
}
