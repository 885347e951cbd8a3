import { Counter, Gauge, type Registry } from 'prom-client';
import type { MaybePromise } from '../store/store.ts';
import { createLatest } from './latest.ts';

/** How calls of one operation went since the start. */
export interface OperationCounts {
  readonly calls: number;
  readonly timeouts: number;
  /** Answered with an error, or not at all for want of a connection. */
  readonly failures: number;
  /** Not made, since they were known to fail. */
  readonly refused: number;
}

/** What the store holds for the cache, as statistics have it; `null`: not known. */
export interface CacheUsage {
  readonly total_entries: number | null;
  readonly cache_size_bytes: number | null;
  /** Seconds. */
  readonly average_ttl_remaining: number | null;
}

/** Where what is told of the store comes from: asked for at each scrape. What is left out is not told. */
export interface StoreSources {
  state(): 'available' | 'unwritable' | 'away' | 'none';
  /** By the operation's name. */
  operations?(): Iterable<readonly [string, OperationCounts]>;
  /** Copies in this process. */
  copies?(): { readonly entries: number; readonly bytes: number; readonly evictions: number };
  /** What the store as a whole may hold, in bytes; `null`: it has no limit, or can't be asked. */
  limitBytes?(): MaybePromise<number | null>;
  /** Has its own bound of how often the store is asked. */
  usage?(): MaybePromise<CacheUsage | null>;
}

const STATES = ['available', 'unwritable', 'away'] as const;
const REASONS = { timeout: 'timeouts', failure: 'failures', refused: 'refused' } as const;

// A scrape does not wait for a store that takes its time: it tells what was known, and the next one tells what comes.
const WAIT_MS = 100;
const LIMIT_EVERY_MS = 60_000;

/** Measures the store when it is asked, in a registry of prom-client's. Costs nothing in between. */
export function measureStore(registry: Registry, sources: StoreSources): void {
  measureState(registry, sources.state);
  if (sources.operations) measureOperations(registry, () => sources.operations!());
  if (sources.copies) measureCopies(registry, () => sources.copies!());
  if (sources.limitBytes) {
    const limit = createLatest(() => sources.limitBytes!(), { everyMs: LIMIT_EVERY_MS, waitMs: WAIT_MS });
    pulledGauge(registry, 'cachegate_store_limit_bytes', 'What the store as a whole may hold.', limit);
  }
  if (sources.usage) measureUsage(registry, () => sources.usage!());
}

function measureState(registry: Registry, stateOf: StoreSources['state']): void {
  new Gauge({
    name: 'cachegate_store_state',
    help: 'How the store stands: 1 for the state that it is in (of several processes: that it is in for one of them).',
    labelNames: ['state'] as const,
    registers: [registry],
    aggregator: 'max',
    collect() {
      const now = stateOf();
      for (const state of STATES) this.set({ state }, state === now ? 1 : 0);
    },
  });
}

function measureOperations(registry: Registry, counts: () => Iterable<readonly [string, OperationCounts]>) {
  new Counter({
    name: 'cachegate_store_operations_total',
    help: 'Calls of the store, those that failed included.',
    labelNames: ['operation'] as const,
    registers: [registry],
    collect() {
      this.reset();
      for (const [operation, { calls }] of counts()) this.inc({ operation }, calls);
    },
  });
  new Counter({
    name: 'cachegate_store_errors_total',
    help: 'Calls of the store that failed: no answer in time, an error, or not made since they were known to fail.',
    labelNames: ['operation', 'reason'] as const,
    registers: [registry],
    collect() {
      this.reset();
      for (const [operation, each] of counts()) {
        for (const [reason, name] of Object.entries(REASONS)) this.inc({ operation, reason }, each[name]);
      }
    },
  });
}

function measureCopies(registry: Registry, copies: NonNullable<StoreSources['copies']>): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      aggregator: 'sum',
      collect() {
        this.set(read());
      },
    });
  gauge(
    'cachegate_near_cache_bytes',
    'What copies of stored values take up in the process.',
    () => copies().bytes,
  );
  gauge('cachegate_near_cache_entries', 'Copies of stored values in the process.', () => copies().entries);
  new Counter({
    name: 'cachegate_near_cache_evictions_total',
    help: 'Copies that had to go for want of room.',
    registers: [registry],
    collect() {
      this.reset();
      this.inc(copies().evictions);
    },
  });
}

function measureUsage(registry: Registry, ask: NonNullable<StoreSources['usage']>): void {
  const usage = createLatest(ask, { everyMs: 0, waitMs: WAIT_MS });
  const gauge = (name: string, help: string, part: keyof CacheUsage) =>
    pulledGauge(registry, name, help, async () => (await usage())?.[part] ?? null);
  gauge('cachegate_cache_entries', 'Entries of the cache in the store, an estimate.', 'total_entries');
  gauge('cachegate_cache_bytes', 'What they take up there, an estimate.', 'cache_size_bytes');
  gauge(
    'cachegate_cache_ttl_seconds',
    'How long they are kept from now on, on average, an estimate.',
    'average_ttl_remaining',
  );
}

/** Of what all processes share: one tells as much as all. Not told while it is not known. */
function pulledGauge(
  registry: Registry,
  name: string,
  help: string,
  ask: () => Promise<number | null>,
): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    aggregator: 'max',
    async collect() {
      const value = await ask();
      if (value === null) this.remove();
      else this.set(value);
    },
  });
}
