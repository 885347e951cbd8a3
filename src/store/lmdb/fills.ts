import { type Begun, type Fence, FILL_TTL_MS, type Lease, type LeaseState } from '../store.ts';
import type { ExpiryIndex } from './expiry-index.ts';
import { type LmdbTree, read } from './lmdb-module.ts';
import { recordKey } from './record-keys.ts';
import { expiryOf, HEADER_BYTES, newRecord, stampOf } from './records.ts';
import type { TagMembers } from './tag-members.ts';
import type { Turn } from './write-turns.ts';

/** Who fills which group. All of it is called inside a transaction. */
export interface Fills {
  begin(turn: Turn, base: string, lease: Lease | undefined, changed: Changed): Begun;
  renew(turn: Turn, base: string, lease: Lease): boolean;
  /** Answers whether the holder had it. */
  end(turn: Turn, base: string, lease: Lease, barMs: number): boolean;
  stands(turn: Turn, base: string, fence: Fence, tags: readonly string[]): boolean;
  /** Answers whether anyone filled it. */
  drop(base: string): boolean;
}

type Changed = (waitMs: number) => Promise<void>;

interface Fill {
  /** In the fences that were given since the group was last dropped, and in no other. */
  readonly stamp: number;
  /** By name: the holder, and until when. */
  readonly leases: Map<string, { readonly holder: string; readonly until: number }>;
  readonly bars: Map<string, number>;
}

const HELD: LeaseState = { kind: 'held' };

export function createFills(records: LmdbTree, index: ExpiryIndex, members: TagMembers): Fills {
  function known(turn: Turn, base: string): Fill | null {
    const record = read(records, recordKey('g', base));
    if (record === undefined || expiryOf(record) <= turn.now) return null;
    // The clock was set back: nobody shall wait for a lease until it has caught up.
    if (expiryOf(record) > turn.now + FILL_TTL_MS) return null;
    const { leases, bars } = JSON.parse(record.toString('utf8', HEADER_BYTES));
    return { stamp: stampOf(record), leases: new Map(leases), bars: new Map(bars) };
  }

  function create(turn: Turn, base: string): Fill {
    const fill = { stamp: turn.stamp(), leases: new Map(), bars: new Map() };
    index.add('y', turn.now + FILL_TTL_MS, fill.stamp, recordKey('g', base));
    return fill;
  }

  /** Keeps it for as long as a fill lasts from now, and forgets the leases and bars that have run out. */
  function keep({ now }: Turn, base: string, { stamp, leases, bars }: Fill): void {
    const state = JSON.stringify({
      leases: [...leases].filter(([, { until }]) => until > now),
      bars: [...bars].filter(([, until]) => until > now),
    });
    const bytes = Buffer.byteLength(state);
    const record = newRecord(now + FILL_TTL_MS, stamp, bytes);
    record.write(state, HEADER_BYTES);
    records.put(recordKey('g', base), record);
  }

  function heldBy(turn: Turn, fill: Fill | null, { name, holder }: Lease): boolean {
    const held = fill?.leases.get(name);
    return held !== undefined && held.until > turn.now && held.holder === holder;
  }

  function grant({ now }: Turn, { leases, bars }: Fill, lease: Lease, changed: Changed): LeaseState {
    const { name, holder, ttlMs } = lease;
    const barredUntil = bars.get(name) ?? 0;
    if (barredUntil > now) return { kind: 'barred', leftMs: barredUntil - now };
    const held = leases.get(name);
    if (held !== undefined && held.until > now && held.holder !== holder) {
      return { kind: 'taken', leftMs: held.until - now, changed };
    }
    leases.set(name, { holder, until: now + ttlMs });
    return HELD;
  }

  return {
    begin(turn, base, lease, changed) {
      const fill = known(turn, base) ?? create(turn, base);
      const state = lease === undefined ? null : grant(turn, fill, lease, changed);
      keep(turn, base, fill);
      return { fence: `${fill.stamp}.${members.lastDrop()}`, lease: state };
    },
    renew(turn, base, lease) {
      const fill = known(turn, base);
      if (fill === null || !heldBy(turn, fill, lease)) return false;
      fill.leases.set(lease.name, { holder: lease.holder, until: turn.now + lease.ttlMs });
      keep(turn, base, fill);
      return true;
    },
    end(turn, base, lease, barMs) {
      const fill = known(turn, base);
      if (fill === null || !heldBy(turn, fill, lease)) return false;
      fill.leases.delete(lease.name);
      if (barMs > 0) fill.bars.set(lease.name, turn.now + barMs);
      keep(turn, base, fill);
      return true;
    },
    stands(turn, base, fence, tags) {
      const [stamp, lastDrop] = fence.split('.').map(Number) as [number, number];
      return known(turn, base)?.stamp === stamp && tags.every((tag) => members.lastDropOf(tag) <= lastDrop);
    },
    drop(base) {
      const name = recordKey('g', base);
      const filled = records.getBinaryFast(name) !== undefined;
      if (filled) records.remove(name);
      return filled;
    },
  };
}
