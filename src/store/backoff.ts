const FIRST_MS = 100;
const LONGEST_MS = 2_000;

/**
 * Milliseconds before the next attempt, after `attempt` (from 1) of them failed: 100 ms doubled each time up to
 * 2 s, of which `random` (0 to 1) takes away at most half.
 */
export function backoffMs(attempt: number, random: number): number {
  const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 16));
  return Math.round(whole * (1 - random / 2));
}
