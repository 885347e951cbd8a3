import { droppedBase } from '../group-keys.ts';
import { createListeners } from '../listeners.ts';
import { toStoreError } from '../reply-errors.ts';
import { dropsKey } from '../scripts/scripted-groups.ts';
import type { StoreListener } from '../store.ts';
import { CONFIRMED_MS, confirmationNames } from './confirmations.ts';
import { isTrackable, NO_MASTERS, watchMasters } from './masters.ts';
import type { TrackableClient } from './trackable-client.ts';
import { createTrackingLinks } from './tracking-links.ts';
import { createWatches, type Watch } from './watches.ts';

export type { Watch };

/**
 * What one process knows of the changes that others make on its servers: the coherence of copies (`Store.listen`,
 * `coherentUntil`, `confirmed`), and the wakening of those who wait for a change.
 */
export interface Tracking {
  /** Tells of the tracked keys that anybody changes, of groups that are dropped, and of changes that may have been missed. */
  listen(listener: StoreListener): () => void;

  /** As `Store.coherentUntil`; `null` when this tracking can't work with the client it was given. */
  coherentUntil(key: string): number | null;

  /** As `Store.hearsDrops`. */
  hearsDrops(base: string): boolean;

  /** As `Store.confirmed`; call it after the server has acknowledged the drops. Never rejects. */
  confirmed(): Promise<void>;

  /** This process changes a key: tells the listeners at once. Call it when a write is sent, and again when it is answered. */
  noteChange(key: string): void;

  /** The same for a group that this process drops; its base counts as changed too. */
  noteDrop(base: string): void;

  /** The same for groups that this process drops by a tag. */
  noteTagDrop(): void;

  /**
   * Begins to watch keys: for `begin`, before its command is sent, with `…:fills`, `…:dropped` and the base. Who gets no
   * `taken` releases it.
   *
   * A script that answers `taken` must change none of these keys (a renewed TTL is a change too), or those who wait would
   * wake each other for ever.
   */
  watch(keys: readonly string[]): Watch;

  close(): Promise<void>;
}

export interface TrackingOptions {
  readonly client: TrackableClient;
  /** Goes before every key as `namespace:`; may be empty. */
  readonly namespace?: string;
  /** Called once for each change of whether the changes on all servers are heard. */
  readonly onChange?: (change: TrackingChange) => void;
  readonly random?: () => number;
}

export interface TrackingChange {
  readonly tracking: boolean;
  /** Why not, when it is not. */
  readonly error?: Error;
}

/**
 * Tracking of the store's servers by their client tracking in broadcast mode. With a client that can't be duplicated, it
 * hears of this process's own changes alone.
 */
export function createTracking(options: TrackingOptions): Tracking {
  const { client, namespace = '', onChange, random = Math.random } = options;
  const listeners = createListeners();
  const sequence = dropsKey(namespace);
  const prefixes = [...trackedPrefixes(namespace), sequence];
  const watches = createWatches((key) => coherentUntil(key) > performance.now());

  function noteChange(key: string): void {
    listeners.changed(key);
    watches.changed(key);
  }

  function noteDrop(base: string): void {
    listeners.dropped(base);
    noteChange(base);
  }

  function heard(key: string): void {
    const base = droppedBase(key);
    if (base !== null) noteDrop(base);
    if (key === sequence) listeners.tagDropped();
    noteChange(key);
  }

  const masters = watchMasters(client, () => {
    links.follow();
    // Between the move and now, nobody told of changes there.
    lost();
  });
  function lost(): void {
    listeners.lost();
    watches.wakeAll();
  }

  const possible = isTrackable(client);
  const links = createTrackingLinks({
    masters: possible ? masters : NO_MASTERS,
    prefixes,
    namesOf: (tag) => confirmationNames(namespace, tag),
    onKey: heard,
    onLost: lost,
    onChange: ({ tracking, error }) => onChange?.({ tracking, ...(error && { error: shown(error) }) }),
    random,
  });

  function coherentUntil(key: string): number {
    return isTracked(prefixes, key) ? links.coherentUntil(key) : 0;
  }

  return {
    listen: listeners.listen,
    coherentUntil: (key) => (possible ? coherentUntil(key) : null),
    hearsDrops: (base) => coherentUntil(base) > performance.now(),
    confirmed: () => resolvedWithin(links.confirmed(), CONFIRMED_MS),
    noteChange,
    noteDrop,
    noteTagDrop: listeners.tagDropped,
    watch: watches.watch,
    async close() {
      masters.release();
      watches.wakeAll();
      await links.close();
    },
  };
}

/** A client's error carries its command, arguments and all. */
function shown(error: Error): Error {
  return 'command' in error ? toStoreError(error) : error;
}

/** Resolves when `known` does, or after `deadlineMs`. */
function resolvedWithin(known: Promise<void>, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, deadlineMs);
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    known.then(done, () => {});
  });
}

function isTracked(prefixes: readonly string[], key: string): boolean {
  // On the way of every hit.
  for (let i = 0; i < prefixes.length; i++) if (key.startsWith(prefixes[i]!)) return true;
  return false;
}

/** Kinds of values whose keys have a hash tag, and those whose keys may have none (`companionKey`). */
const TAGGED_KINDS = ['response:', 'ownsession:', 'value:'];
const BARE_KINDS = ['session:', 'verdict:'];

/** What is tracked: all values, with what lies beside them (`GroupKeys`). Never rate limits, and no tags. */
function trackedPrefixes(namespace: string): string[] {
  const prefix = namespace === '' ? '' : `${namespace}:`;
  return [
    ...[...TAGGED_KINDS, ...BARE_KINDS].map((kind) => prefix + kind),
    ...BARE_KINDS.map((kind) => `{${prefix}${kind}`),
  ];
}
