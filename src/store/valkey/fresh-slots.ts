import type { Cluster } from 'iovalkey';

/** Asks who serves which slot so often at most. */
const PAUSE_MS = 200;

/**
 * Asks a Cluster anew who serves which slot when a node is lost: the client would find out only from another node's
 * redirection, which never comes while it keeps to the one that is gone.
 */
export function keepSlotsFresh(cluster: Cluster): void {
  let pause: NodeJS.Timeout | undefined;
  let again = false;

  function refresh(): void {
    if (pause !== undefined) {
      again = true;
      return;
    }
    if (cluster.status !== 'ready') return;
    again = false;
    // Failures are told as events of the nodes.
    cluster.refreshSlotsCache(() => {});
    pause = setTimeout(() => {
      pause = undefined;
      if (again) refresh();
    }, PAUSE_MS);
    pause.unref();
  }

  cluster.on('-node', refresh);
  cluster.on('node error', refresh);
}
