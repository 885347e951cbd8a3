import { COHERENT_MS } from './heartbeat.ts';
import type { TrackableClient } from './trackable-client.ts';

/**
 * Who tracks a master's changes is on its register, by the id of its connection. Whoever wants to know that all have
 * heard of what happened so far touches a tracked key, the fence; each that hears of it, after all that came before, says
 * so on the asker's channel. Who has not been on the register for `COHERENT_MS` answers from no copy.
 */
export interface Confirmations {
  /** Puts this connection on the register, or keeps it there; fails where the server takes no writes. */
  register(): Promise<unknown>;
  /** Takes it off, when it answers from no copy any more. */
  leave(): Promise<unknown>;
  /** Resolves when all have heard of what was changed before the call; rejects when it can't be known. */
  confirmed(): Promise<void>;
  /** A key was heard of. Answers whether it was a fence. */
  heard(key: string): boolean;
  /** Something came on the own channel. */
  message(text: string): void;
}

export interface ConfirmationNames {
  readonly register: string;
  /** The key before its id. */
  readonly fence: string;
  readonly channelOf: (id: string) => string;
}

/** @param tag a hash tag of the master's, so that its keys lie there. */
export function confirmationNames(namespace: string, tag: string): ConfirmationNames {
  const prefix = namespace === '' ? '' : `${namespace}:`;
  return {
    register: `${prefix}processes:{${tag}}`,
    // Within a tracked prefix.
    fence: `${prefix}response:{${tag}}:fence:`,
    channelOf: (id) => `${prefix}heard:${id}`,
  };
}

const REGISTER_TTL_MS = 10_000;
/** After so long nobody answers from a copy of what was changed before without having heard of it; timers may be early. */
export const CONFIRMED_MS = COHERENT_MS + 10;
const SEEN_MS = CONFIRMED_MS + 40;

// The flag: both are small and soon gone, and purges must go on while memory is full.
const NOW = `#!lua flags=allow-oom
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

const REGISTER = `${NOW}
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ${REGISTER_TTL_MS})
return redis.call('PEXPIRE', KEYS[1], ${REGISTER_TTL_MS})
`;

const TOUCH = `${NOW}
redis.call('SET', KEYS[2], '', 'PX', 1000)
redis.call('DEL', KEYS[2])
return redis.call('ZRANGEBYSCORE', KEYS[1], now - ${SEEN_MS}, '+inf')
`;

const FENCE = '}:fence:';

interface Waiting {
  readonly answered: Set<string>;
  /** Whom the register named; `null` until it has. */
  expected: readonly string[] | null;
  readonly resolve: () => void;
}

/** @param id of the connection that hears */
export function createConfirmations(
  client: TrackableClient,
  id: string,
  names: ConfirmationNames,
): Confirmations {
  const waiting = new Map<string, Waiting>();
  let number = 0;

  function look({ answered, expected, resolve }: Waiting): void {
    if (expected?.every((each) => answered.has(each))) resolve();
  }

  function answer(fence: string, from: string): void {
    const asker = waiting.get(fence);
    if (asker === undefined) return;
    asker.answered.add(from);
    look(asker);
  }

  return {
    register: () => client.call('eval', [REGISTER, 1, names.register, id]),
    leave: () => client.call('zrem', [names.register, id]),
    async confirmed() {
      number += 1;
      const fence = `${id}.${number}`;
      let resolve!: () => void;
      const all = new Promise<void>((settle) => {
        resolve = settle;
      });
      const asker: Waiting = { answered: new Set(), expected: null, resolve };
      waiting.set(fence, asker);
      const timer = setTimeout(resolve, CONFIRMED_MS);
      try {
        const seen = await client.call('eval', [TOUCH, 2, names.register, names.fence + fence]);
        asker.expected = (seen as unknown[]).map(String);
        look(asker);
        await all;
      } finally {
        clearTimeout(timer);
        waiting.delete(fence);
      }
    },
    heard(key) {
      const at = key.indexOf(FENCE);
      if (at === -1) return false;
      const fence = key.slice(at + FENCE.length);
      const asker = fence.slice(0, fence.lastIndexOf('.'));
      if (asker === id) answer(fence, id);
      // Who is not told waits for no longer than a copy may be answered with.
      else client.call('publish', [names.channelOf(asker), `${fence} ${id}`]).catch(() => {});
      return true;
    },
    message(text) {
      const [fence, from] = text.split(' ');
      if (fence !== undefined && from !== undefined) answer(fence, from);
    },
  };
}
