import type { Clock } from '../clock.ts';
import type { Store, Usage } from '../store/store.ts';
import { mean, meanEstimate } from './estimate.ts';
import { oneAtATime } from './one-at-a-time.ts';
import type { Estimate } from './stats.ts';
import type { Told } from './told.ts';

/** What the cache holds, by a sample. */
export interface Held {
  readonly entries: number;
  /** `null`: nothing could be looked at, though there is something. */
  readonly bytes: number | null;
  /** On average, in seconds; `null` where nothing could be looked at. */
  readonly ttlSeconds: number | null;
  /** What the store as a whole may hold, in bytes; `null`: it has not said. */
  readonly limitBytes: number | null;
  readonly sample: {
    /** Entries looked at. */
    readonly size: number;
    readonly bytes: Estimate | null;
    readonly ttlSeconds: Estimate | null;
  };
}

/** Asks the store what it holds, once a second at most, however many ask. */
export interface HeldReader {
  /** `null`: the store could not be asked, or there is none. Never rejects. */
  read(): Promise<Held | null>;
  /** The last answer; `null` too where nobody has asked. */
  last(): Held | null;
}

export interface HeldReaderOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Keys of the tags by which all that counts is found. */
  readonly tags: () => readonly string[];
  readonly sampleSize: number;
  readonly told: Told;
}

const ASKED_EVERY_MS = 1_000;

export function createHeldReader(options: HeldReaderOptions): HeldReader {
  const { store, clock, tags, sampleSize, told } = options;
  let last: Held | null = null;
  let readAt: number | null = null;

  async function ask(): Promise<Held | null> {
    // A clock that was set back makes nothing recent.
    if (readAt !== null && Math.abs(clock.now() - readAt) < ASKED_EVERY_MS) return last;
    try {
      last = heldOf(await store.usage(tags(), sampleSize));
      told.succeeded();
    } catch (error) {
      last = null;
      told.failed(error);
    }
    readAt = clock.now();
    return last;
  }

  return { read: oneAtATime(ask), last: () => last };
}

/** @param usage of groups; each is an entry */
export function heldOf({ entries, sample, limitBytes }: Usage): Held {
  const ttls = sample.map(({ expiresInMs }) => expiresInMs / 1000);
  const sizes = sample.map(({ bytes }) => bytes);
  const bytes = entries === 0 ? 0 : mean(sizes);
  const size = meanEstimate(sizes, entries);
  return {
    entries,
    bytes: bytes === null ? null : bytes * entries,
    ttlSeconds: mean(ttls),
    limitBytes,
    sample: {
      size: sample.length,
      bytes: size && {
        value: size.value * entries,
        low: size.low * entries,
        high: size.high * entries,
      },
      ttlSeconds: meanEstimate(ttls, entries),
    },
  };
}
