import { groupKeys } from '../group-keys.ts';
import type { LeaseReply } from '../scripts/fills.ts';
import type { ScriptedGroups } from '../scripts/scripted-groups.ts';
import type { Lease, LeaseState, Store } from '../store.ts';
import type { Tracking, Watch } from './tracking.ts';

/** A watch that nobody waits on is given up after so long. */
const UNCLAIMED_MS = 10_000;

/**
 * The part of the store that is about who fills a group.
 *
 * @param open throws when nothing can be sent
 */
export function createLeasing(
  groups: ScriptedGroups,
  tracking: Tracking,
  open: () => void,
): Pick<Required<Store>, 'begin' | 'renew' | 'end'> {
  function watchGroup(base: string): Watch {
    const keys = groupKeys(base);
    return tracking.watch(keys === null ? [base] : [keys.fills, keys.dropped, base]);
  }

  return {
    async begin(base, lease) {
      open();
      if (lease === undefined) return { fence: (await groups.begin(base)).fence, lease: null };
      // Before the lease is asked for, so that no change between its state and the wait is missed.
      const watch = watchGroup(base);
      let found: LeaseReply | null = null;
      try {
        const begun = await groups.begin(base, lease);
        found = begun.lease;
        return { fence: begun.fence, lease: found && stateOf(found, watch, () => watchGroup(base)) };
      } finally {
        if (found?.kind !== 'taken') watch.release();
      }
    },
    async renew(base: string, lease: Lease) {
      open();
      return groups.renew(base, lease);
    },
    async end(base, lease, barMs) {
      open();
      try {
        await groups.end(base, lease, barMs);
      } finally {
        const keys = groupKeys(base);
        if (keys !== null) tracking.noteChange(keys.fills);
      }
    },
  };
}

function stateOf(found: LeaseReply, watch: Watch, watchAgain: () => Watch): LeaseState {
  if (found.kind === 'held') return HELD;
  if (found.kind === 'barred') return { kind: 'barred', leftMs: found.leftMs };
  return { kind: 'taken', leftMs: found.leftMs, changed: waitOn(watch, watchAgain) };
}

/** The first call waits on the watch that is there, later ones on watches of their own. */
function waitOn(first: Watch, watchAgain: () => Watch): (waitMs: number) => Promise<void> {
  let unclaimed: Watch | null = first;
  const timer = setTimeout(() => {
    unclaimed?.release();
    unclaimed = null;
  }, UNCLAIMED_MS);
  timer.unref();
  return (waitMs) => {
    const claimed = unclaimed ?? watchAgain();
    unclaimed = null;
    clearTimeout(timer);
    return claimed.changed(waitMs);
  };
}

const HELD: LeaseState = { kind: 'held' };
