import { LRUCache } from 'lru-cache';
import { type Begun, type Fence, FILL_TTL_MS, type Lease, type LeaseState } from '../store.ts';

/** Who fills which group of a store in this process. Times are in milliseconds. */
export interface MemoryFills {
  /** @param changed of `LeaseState`, bound to the group */
  begin(
    base: string,
    lease: Lease | undefined,
    now: number,
    changed: (waitMs: number) => Promise<void>,
  ): Begun;
  renew(base: string, lease: Lease, now: number): boolean;
  /** Answers whether the holder had it. */
  end(base: string, lease: Lease, barMs: number, now: number): boolean;
  /** Whether neither the group nor a tag has been dropped since the `begin` that gave the fence. */
  stands(base: string, fence: Fence, tags: readonly string[], now: number): boolean;
  drop(base: string): void;
  dropTag(tag: string): void;
  clear(): void;
}

interface Fill {
  readonly nonce: number;
  expiresAt: number;
  readonly leases: Map<string, { holder: string; until: number }>;
  readonly bars: Map<string, number>;
}

/** @param max of so many groups, and of so many dropped tags, it is known; for what is forgotten fences fall. */
export function createMemoryFills(max = 100_000): MemoryFills {
  // Bounded by size, not by number: for a number all room is made at the start.
  const fills = new LRUCache<string, Fill>({ maxSize: max, sizeCalculation: one });
  /** When tags were last dropped, as a number in the sequence of drops. */
  const tagDrops = new LRUCache<string, number>({
    maxSize: max,
    sizeCalculation: one,
    dispose: (drop, _tag, reason) => {
      if (reason === 'evict') forgotten = Math.max(forgotten, drop);
    },
  });
  let nonces = 0;
  let drops = 0;
  let forgotten = 0;

  function known(base: string, now: number): Fill | undefined {
    const fill = fills.get(base);
    if (fill === undefined || fill.expiresAt <= now) return undefined;
    // The clock was set back: nobody shall wait for a lease until it has caught up.
    return fill.expiresAt > now + FILL_TTL_MS ? undefined : fill;
  }

  function touched(base: string, now: number): Fill {
    let fill = known(base, now);
    if (fill === undefined) {
      nonces += 1;
      fill = { nonce: nonces, expiresAt: 0, leases: new Map(), bars: new Map() };
      fills.set(base, fill);
    }
    fill.expiresAt = now + FILL_TTL_MS;
    return fill;
  }

  function heldBy(fill: Fill | undefined, { name, holder }: Lease, now: number): boolean {
    const lease = fill?.leases.get(name);
    return lease !== undefined && lease.until > now && lease.holder === holder;
  }

  function leaseState(
    fill: Fill,
    lease: Lease,
    now: number,
    changed: (waitMs: number) => Promise<void>,
  ): LeaseState {
    const barredUntil = fill.bars.get(lease.name) ?? 0;
    if (barredUntil > now) return { kind: 'barred', leftMs: barredUntil - now };
    const other = fill.leases.get(lease.name);
    if (other !== undefined && other.until > now && other.holder !== lease.holder) {
      return { kind: 'taken', leftMs: other.until - now, changed };
    }
    fill.leases.set(lease.name, { holder: lease.holder, until: now + lease.ttlMs });
    return HELD;
  }

  return {
    begin(base, lease, now, changed) {
      const fill = touched(base, now);
      return {
        fence: `${fill.nonce}.${drops}`,
        lease: lease === undefined ? null : leaseState(fill, lease, now, changed),
      };
    },
    renew(base, lease, now) {
      const fill = known(base, now);
      if (fill === undefined || !heldBy(fill, lease, now)) return false;
      fill.leases.get(lease.name)!.until = now + lease.ttlMs;
      fill.expiresAt = now + FILL_TTL_MS;
      return true;
    },
    end(base, lease, barMs, now) {
      const fill = known(base, now);
      if (fill === undefined || !heldBy(fill, lease, now)) return false;
      fill.leases.delete(lease.name);
      if (barMs > 0) fill.bars.set(lease.name, now + barMs);
      // A fence without a lease falls with the last one: what it guards is another way to the same.
      if (fill.leases.size === 0 && fill.bars.size === 0) fills.delete(base);
      return true;
    },
    stands(base, fence, tags, now) {
      const [nonce, dropsBefore] = fence.split('.').map(Number) as [number, number];
      if (known(base, now)?.nonce !== nonce || dropsBefore < forgotten) return false;
      return tags.every((tag) => (tagDrops.get(tag) ?? 0) <= dropsBefore);
    },
    drop: (base) => void fills.delete(base),
    dropTag(tag) {
      drops += 1;
      tagDrops.set(tag, drops);
    },
    clear() {
      fills.clear();
      tagDrops.clear();
    },
  };
}

const one = () => 1;

const HELD: LeaseState = { kind: 'held' };
