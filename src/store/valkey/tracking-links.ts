import { CONFIRMED_MS, type ConfirmationNames } from './confirmations.ts';
import type { Master, Masters } from './masters.ts';
import { createTrackingLink, type TrackingLink } from './tracking-link.ts';

/** The hearing of all masters' changes. */
export interface TrackingLinks {
  /** As `Store.coherentUntil`. */
  coherentUntil(key: string): number;
  /** Resolves when all processes have heard of what was changed before; rejects when it can't be known. */
  confirmed(): Promise<void>;
  /** The masters are others. */
  follow(): void;
  close(): Promise<void>;
}

export interface TrackingLinksOptions {
  readonly masters: Masters;
  readonly prefixes: readonly string[];
  readonly namesOf: (tag: string) => ConfirmationNames;
  readonly onKey: (key: string) => void;
  readonly onLost: () => void;
  /** Called when the changes on all masters are heard, and when they no longer are. */
  readonly onChange: (change: { readonly tracking: boolean; readonly error?: Error }) => void;
  readonly random: () => number;
}

/** Longer than it takes to be told of the next beat. */
const SURE_MS = 400;

export function createTrackingLinks(options: TrackingLinksOptions): TrackingLinks {
  const { masters, namesOf, onLost, onChange } = options;
  const links = new Map<Master, TrackingLink>();
  const closing = new Set<Promise<void>>();
  /** Until when all can be relied on; 0 when some soon can't, so that it depends on the key. */
  let sure = 0;
  let known: boolean | null = null;
  let closed = false;
  /** Others may be on registers that they had before the masters were others, and rely on copies yet. */
  let settledAt = 0;

  function heardUntil(master: Master | undefined): number {
    return master === undefined ? 0 : (links.get(master)?.coherentUntil ?? 0);
  }

  function look(error?: Error): void {
    const now = performance.now();
    let earliest = masters.complete ? Number.POSITIVE_INFINITY : 0;
    for (const master of masters.all) earliest = Math.min(earliest, heardUntil(master));
    sure = earliest > now + SURE_MS ? earliest : 0;
    report(earliest > now, error);
  }

  function report(tracking: boolean, error: Error | undefined): void {
    // That nothing is heard before the first connection is no change.
    if (closed || tracking === known || (known === null && !tracking && error === undefined)) return;
    known = tracking;
    onChange({ tracking, ...(error && { error }) });
  }

  function open(master: Master): TrackingLink {
    return createTrackingLink({
      ...options,
      master,
      names: namesOf(master.tag),
      onLost: () => {
        // First, so that nothing that is read from now on is relied on.
        look();
        onLost();
      },
      onBeat: look,
    });
  }

  function shut(master: Master, link: TrackingLink): void {
    links.delete(master);
    const done = link.close().finally(() => closing.delete(done));
    closing.add(done);
  }

  function follow(): void {
    if (closed) return;
    const all = new Set(masters.all);
    for (const [master, link] of links) if (!all.has(master)) shut(master, link);
    for (const master of all) if (!links.has(master)) links.set(master, open(master));
    look();
  }

  follow();
  return {
    coherentUntil: (key) => (sure > 0 ? sure : heardUntil(masters.of(key))),
    async confirmed() {
      if (!masters.complete || closed) throw new Error('Not connected');
      if (performance.now() < settledAt) throw new Error('The masters have just changed');
      await Promise.all([...links.values()].map((link) => link.confirmed()));
    },
    follow() {
      settledAt = performance.now() + CONFIRMED_MS;
      follow();
    },
    async close() {
      closed = true;
      for (const [master, link] of links) shut(master, link);
      sure = 0;
      await Promise.all(closing);
    },
  };
}
