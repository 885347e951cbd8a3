import { CachegateError } from '../../errors.ts';
import { companionKey } from '../group-keys.ts';
import { BATCH_TTL_MS, type CountBatch } from '../store.ts';
import { createScript, NUMBER, type RunScript } from './script.ts';

/**
 * What may fail (another application's key in the way) fails before anything is written.
 *
 *     KEYS   the counters: a hash; which batch of the source came last
 *     ARGV   the batch's sequence, for how long it is remembered, ttl of the counters; counter, increment and so on
 *     reply  1 when it was added
 */
const ADD = createScript(`${NUMBER}
if number(redis.call('GET', KEYS[2])) >= tonumber(ARGV[1]) then return 0 end
for i = 4, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1
`);

/**
 *     KEYS   the counters
 *     reply  counter, count and so on
 */
const READ = createScript(`return redis.call('HGETALL', KEYS[1])`);

/** Counters on a server that runs scripts. */
export interface ScriptedCounters {
  add(key: string, batch: CountBatch, ttlMs: number): Promise<void>;
  read(keys: readonly string[]): Promise<ReadonlyMap<string, number>[]>;
}

export function createScriptedCounters(run: RunScript): ScriptedCounters {
  async function readOne(key: string): Promise<ReadonlyMap<string, number>> {
    return readCounters(await run({ script: READ, keys: [key], args: [] }));
  }

  return {
    async add(key, { source, sequence, increments }, ttlMs) {
      const sent = companionKey(key, `sent:${source}`);
      if (sent === null) throw new CachegateError('ERR_STORE_REFUSED', 'Counters need a key with a hash tag');
      const counts = [...increments].flat();
      await run({ script: ADD, keys: [key, sent], args: [sequence, BATCH_TTL_MS, ttlMs, ...counts] });
    },
    read: (keys) => Promise.all(keys.map(readOne)),
  };
}

/** From the reply of HGETALL. */
export function readCounters(reply: unknown): ReadonlyMap<string, number> {
  const flat = reply as readonly unknown[];
  const counts = new Map<string, number>();
  for (let i = 0; i < flat.length; i += 2) counts.set(String(flat[i]), Number(flat[i + 1]));
  return counts;
}
