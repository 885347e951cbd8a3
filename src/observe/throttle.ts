import type { Clock } from '../clock.ts';

/** Keeps a failing part from flooding the log: so many lines a second for each kind, the rest counted. */
export interface Throttle {
  /** How many lines of this kind were left out before this one; `null` when this one is left out too. */
  admit(kind: string): number | null;
  /** How many lines of this kind were left out since the last that was let through, for one that tells no more than that. */
  settle(kind: string): number;
}

const LINES_PER_SECOND = 10;

export function createThrottle(clock: Clock, linesPerSecond = LINES_PER_SECOND): Throttle {
  const kinds = new Map<string, { second: number; admitted: number; suppressed: number }>();
  return {
    admit(kind) {
      const second = Math.floor(clock.now() / 1000);
      let state = kinds.get(kind);
      if (state === undefined) {
        state = { second, admitted: 0, suppressed: 0 };
        kinds.set(kind, state);
      }
      if (state.second !== second) {
        state.second = second;
        state.admitted = 0;
      }
      if (state.admitted >= linesPerSecond) {
        state.suppressed++;
        return null;
      }
      state.admitted++;
      const { suppressed } = state;
      state.suppressed = 0;
      return suppressed;
    },
    settle(kind) {
      const state = kinds.get(kind);
      const suppressed = state?.suppressed ?? 0;
      if (state !== undefined) state.suppressed = 0;
      return suppressed;
    },
  };
}
