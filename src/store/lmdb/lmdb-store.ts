import { setTimeout as sleep } from 'node:timers/promises';
import { type Clock, systemClock } from '../../clock.ts';
import { createChanges } from '../changes.ts';
import type { Store } from '../store.ts';
import { storeClosed } from '../store-errors.ts';
import { decodeCounts } from './counters.ts';
import { createDropNews, NEWS_MS, tellDrop } from './drop-news.ts';
import { createGroupDrops } from './group-drops.ts';
import { createGroupUsage } from './group-usage.ts';
import { createLeases } from './leases.ts';
import { createMapParts } from './map-parts.ts';
import { type OpenMap, openMap } from './open-map.ts';
import { createReads } from './reads.ts';
import { createSnapshot, SNAPSHOT_MS } from './snapshot.ts';
import { startUpkeep } from './upkeep.ts';
import { createValueWrites } from './value-writes.ts';
import { createWriteTurns, type Told } from './write-turns.ts';

export interface LmdbStoreOptions {
  /** Of the store's folder. */
  readonly path: string;
  /** Bound of its file; when it is nearly full, what expires soonest goes first. A gibibyte by default. */
  readonly limitBytes?: number;
  /** Bound of the copies of values that this process keeps; 64 MiB by default. */
  readonly copiesBytes?: number;
  readonly clock?: Clock;
}

type Settings = Required<LmdbStoreOptions>;

const MIB = 1024 * 1024;
const DEFAULTS = { limitBytes: 1024 * MIB, copiesBytes: 64 * MIB, clock: systemClock };
/** What a limit's record takes, about. */
const RATE_BYTES = 1_024;

/**
 * The store in a folder on this machine, which its processes share and which outlives them. Reads are answered at once;
 * writes of one turn of the event loop are committed together at its end.
 *
 * @throws CachegateError, rejected: as `openMap` does.
 */
export async function createLmdbStore(options: LmdbStoreOptions): Promise<Store> {
  const settings = { ...DEFAULTS, ...options };
  return createStore(await openMap(settings.path, settings.limitBytes), settings);
}

function createStore(map: OpenMap, { limitBytes, copiesBytes, clock }: Settings): Store {
  const { records } = map;
  const parts = createMapParts(map, limitBytes, clock);
  const { windows, counters, journal, space, index, sweep } = parts;
  const changes = createChanges();
  const fresh = createSnapshot(records, () => news.look());
  const news = createDropNews(journal, changes, fresh);
  const reads = createReads(records, parts, fresh, copiesBytes);
  const turns = createWriteTurns(records, clock, tell);
  const writes = createValueWrites(records, turns, parts, limitBytes, changes.wake);
  const leases = createLeases(turns, parts, changes);
  const groups = createGroupDrops(records, turns, parts, () => clock.now());
  const usage = createGroupUsage({
    ...{ records, ...parts, limitBytes, now: () => clock.now() },
    reading: (work) => guarded(() => reads.reading(work))(),
  });
  const endUpkeep = startUpkeep(records, turns, index, sweep, clock);
  let closing: Promise<void> | null = null;

  function tell({ changed, dropped }: Told): void {
    for (const key of changed) {
      reads.forget(key);
      changes.changed(key);
    }
    for (const base of dropped) tellDrop(changes, base);
  }

  /** Makes a method fail once the store is closed. */
  function guarded<A extends unknown[], T>(method: (...args: A) => T): (...args: A) => T {
    return (...args) => {
      if (closing !== null) throw storeClosed();
      return method(...args);
    };
  }

  async function close(): Promise<void> {
    endUpkeep();
    turns.close();
    news.close();
    changes.close();
    reads.clear();
    await map.close();
  }

  return {
    kind: 'lmdb',
    get: guarded((keys) => reads.values(keys, clock.now())),
    set: guarded(writes.set),
    replace: guarded(writes.replace),
    delete: guarded(writes.delete),
    take: guarded((key, rules, count = 1) =>
      turns.run((turn) => {
        space.ensure(turn, RATE_BYTES);
        return windows.take(turn, key, rules, count);
      }),
    ),
    begin: guarded(leases.begin),
    renew: guarded(leases.renew),
    end: guarded(leases.end),
    drop: guarded(groups.drop),
    dropTagged: guarded(groups.dropTagged),
    members: guarded((tag, cursor) => reads.members(tag, cursor, clock.now())),
    add: guarded((key, batch, ttlMs) => turns.run((turn) => counters.add(turn, key, batch, ttlMs))),
    counters: guarded((keys) =>
      reads.values(keys, clock.now()).map((value) => decodeCounts(value?.bytes ?? null)),
    ),
    usage: guarded(usage),
    // By then each process has looked, unless it is too busy to answer anything.
    confirmed: async () => guarded(() => sleep(NEWS_MS + 2 * SNAPSHOT_MS))(),
    listen: news.listen,
    // A copy is good for no moment without a look at the map, which `get` takes.
    coherentUntil: () => 0,
    hearsDrops: () => true,
    ping: async () => {
      guarded(() => reads.values([''], clock.now()))();
    },
    close: () => (closing ??= close()),
  };
}
