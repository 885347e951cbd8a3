import { nextTick } from 'node:process';
import type { Clock } from '../../clock.ts';
import type { StoredValue } from '../store.ts';
import { decodeValue } from './encoding.ts';
import type { RestQueue } from './rest-queue.ts';
import type { RestScripts } from './rest-scripts.ts';

/** The reads of one turn of the event loop, equal keys asked for once. */
export interface RestReads {
  get(keys: readonly string[]): Promise<(StoredValue | null)[]>;
  /**
   * What lies at a key was told by the way (`null`: nothing) of something that was asked at `askedAt`. Who asks for the key
   * upon that is answered by it, and nobody later: a request that comes next may know of a change since.
   */
  know(key: string, text: string | null, askedAt: number): void;
  /** What was told of a key may have changed. */
  forget(key: string): void;
  forgetAll(): void;
}

interface Asked {
  readonly key: string;
  readonly settled: Promise<StoredValue | null>;
  resolve(value: StoredValue | null): void;
  reject(error: unknown): void;
}

interface Told {
  readonly text: string | null;
  readonly askedAt: number;
}

/** So many values are asked for in one command: their answer has a bound too. */
const MAX_KEYS = 16;
/** What the keys of responses have, and those of verdicts have not. */
const HASH_TAG = /\{[^}]+\}/;
/** What PTTL answers for a key without an expiry, which is none of ours; one that is not there any more has -2. */
const LASTING = -1;

/**
 * Commands are paid for. Values in base64 say themselves when they expire, and one MGET brings 16 of them. For a text it
 * must be asked: at once for keys without a hash tag, which hold verdicts; for any other key in a second request.
 */
export function createRestReads(
  queue: RestQueue,
  { lifetimeOf }: Pick<RestScripts, 'lifetimeOf'>,
  clock: Clock,
): RestReads {
  let turn = new Map<string, Asked>();
  /** What was told by the way, until all who were waiting for that have gone on. */
  const told = new Map<string, Told>();

  function ask(key: string): Promise<StoredValue | null> {
    const news = told.get(key);
    if (news !== undefined) return toldValue(key, news);
    const known = turn.get(key);
    if (known !== undefined) return known.settled;
    if (turn.size === 0) queue.atEndOfTurn(endTurn);
    const asked = deferred(key);
    turn.set(key, asked);
    return asked.settled;
  }

  async function toldValue(key: string, { text, askedAt }: Told): Promise<StoredValue | null> {
    const value = await stored(text, () => lifetimeOf(key));
    return value === null ? null : { ...value, askedAt };
  }

  function endTurn(): void {
    const all = [...turn.values()];
    turn = new Map();
    for (let at = 0; at < all.length; at += MAX_KEYS) void answer(all.slice(at, at + MAX_KEYS));
  }

  async function answer(asked: readonly Asked[]): Promise<void> {
    try {
      const values = await read(asked.map(({ key }) => key));
      for (const [at, { resolve }] of asked.entries()) resolve(values[at]!);
    } catch (error) {
      for (const { reject } of asked) reject(error);
    }
  }

  async function read(keys: readonly string[]): Promise<(StoredValue | null)[]> {
    const [texts, early] = await Promise.all([
      queue.run({ name: 'mget', keys }),
      Promise.all(keys.map((key) => (HASH_TAG.test(key) ? null : lifetimeOf(key)))),
    ]);
    const lifetime = (key: string, at: number) => early[at] ?? lifetimeOf(key);
    return Promise.all(keys.map((key, at) => stored((texts as unknown[])[at], () => lifetime(key, at))));
  }

  async function stored(
    text: unknown,
    lifetime: () => number | Promise<number>,
  ): Promise<StoredValue | null> {
    if (text === null || text === undefined) return null;
    const { bytes, expiresAt } = decodeValue(String(text));
    // That it is there is the server's word. The clock that wrote the instant may differ from this one's.
    if (expiresAt !== null) return { bytes, expiresInMs: Math.max(1, expiresAt - clock.now()) };
    const leftMs = await lifetime();
    if (leftMs === LASTING) return { bytes, expiresInMs: Number.MAX_SAFE_INTEGER };
    return leftMs > 0 ? { bytes, expiresInMs: leftMs } : null;
  }

  return {
    get: (keys) => Promise.all(keys.map(ask)),
    know(key, text, askedAt) {
      if (told.size === 0) nextTick(() => told.clear());
      told.set(key, { text, askedAt });
    },
    forget: (key) => void told.delete(key),
    forgetAll: () => told.clear(),
  };
}

function deferred(key: string): Asked {
  let settle: Pick<Asked, 'resolve' | 'reject'>;
  const settled = new Promise<StoredValue | null>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { key, settled, ...settle! };
}
