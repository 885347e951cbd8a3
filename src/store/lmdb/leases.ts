import type { Changes } from '../changes.ts';
import type { Begun, Lease } from '../store.ts';
import type { MapParts } from './map-parts.ts';
import type { WriteTurns } from './write-turns.ts';

/** Begins and ends fills. */
export interface Leases {
  begin(base: string, lease?: Lease): Promise<Begun>;
  renew(base: string, lease: Lease): Promise<boolean>;
  end(base: string, lease: Lease, barMs?: number): Promise<void>;
}

/** A lease that another process ends is not heard of: who waits looks again so soon. */
const LOOK_AGAIN_MS = 25;
/** What a group's record takes, about. */
const FILL_BYTES = 512;

export function createLeases(turns: WriteTurns, { fills, space }: MapParts, changes: Changes): Leases {
  return {
    begin: (base, lease) =>
      turns.run((turn) => {
        space.ensure(turn, FILL_BYTES);
        return fills.begin(turn, base, lease, (waitMs) =>
          changes.wait(base, Math.min(waitMs, LOOK_AGAIN_MS)),
        );
      }),
    renew: (base, lease) => turns.run((turn) => fills.renew(turn, base, lease)),
    async end(base, lease, barMs = 0) {
      if (await turns.run((turn) => fills.end(turn, base, lease, barMs))) changes.wake(base);
    },
  };
}
