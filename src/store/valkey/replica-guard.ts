const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 32_000;

/**
 * Connects anew when the server turns out to be a replica: after a failover, the address leads to another server. Where
 * it does not, the attempts become rare, since each costs the calls that are under way.
 *
 * @returns to be called at each such error
 */
export function createReplicaGuard(
  reconnect: () => void,
  now: () => number = () => performance.now(),
): () => void {
  let pauseMs = FIRST_PAUSE_MS;
  let nextAt = Number.NEGATIVE_INFINITY;
  return () => {
    const at = now();
    if (at < nextAt) return;
    pauseMs = at - nextAt > LONGEST_PAUSE_MS ? FIRST_PAUSE_MS : Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
    nextAt = at + pauseMs;
    reconnect();
  };
}
