import { FILL_TTL_MS } from '../store.ts';
import { createScript, GROW, INDEX, NOW, NUMBER, type ScriptCall } from './script.ts';

/**
 * How much longer a group is registered under a tag than its value lasts, where the two are written by two commands: the
 * second may come later.
 */
const SECOND_COMMAND_MS = FILL_TTL_MS;

/**
 * Registers, then writes: what can't be registered (where another application's key is in the way) must not be written,
 * since no drop would find it.
 *
 *     KEYS   key, fills and keys of its group; on one server also each tag and where its last drop is kept
 *     ARGV   value, ttl, 'NX' or '', base, epoch of the fence ('': none), sequence of the fence
 *     reply  1 when it was written
 */
const SET = createScript(`${NOW}${GROW}${INDEX}${NUMBER}
local key, base, epoch, ttl = KEYS[1], ARGV[4], ARGV[5], tonumber(ARGV[2])
if epoch ~= '' then
  if redis.call('HGET', KEYS[2], 'epoch') ~= epoch then return 0 end
  for i = 5, #KEYS, 2 do
    if number(redis.call('GET', KEYS[i])) > tonumber(ARGV[6]) then return 0 end
  end
end
if ARGV[3] == 'NX' and redis.call('PTTL', key) ~= -2 then return 0 end
if key ~= base then index(KEYS[3], key, ttl) end
for i = 4, #KEYS, 2 do index(KEYS[i], base, ttl) end
redis.call('SET', key, ARGV[1], 'PX', ARGV[2])
return 1
`);

/**
 * Registers a group under a tag, before a value of it is written.
 *
 *     KEYS   tag, where its last drop is kept
 *     ARGV   base, ttl, sequence of the fence ('': none)
 *     reply  0 when the tag was dropped after the fence was given
 */
const REGISTER = createScript(`${NOW}${GROW}${INDEX}${NUMBER}
index(KEYS[1], ARGV[1], tonumber(ARGV[2]))
local dropped = number(redis.call('GET', KEYS[2]))
return (ARGV[3] == '' or dropped <= tonumber(ARGV[3])) and 1 or 0
`);

/**
 *     KEYS   key
 *     ARGV   expected value, value, ttl
 *     reply  1 when it was written
 */
const REPLACE = createScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
`);

export interface GuardedSet {
  readonly key: string;
  readonly value: Buffer | string;
  readonly ttlMs: number;
  readonly onlyIfAbsent: boolean;
  readonly base: string;
  /** Of the group. Not used when the base itself is written without a fence. */
  readonly fillsKey: string;
  readonly keysKey: string;
  readonly fence: { readonly epoch: string; readonly sequence: number } | null;
}

export interface TagKeys {
  readonly tag: string;
  /** Where it is kept when it was last dropped. */
  readonly dropped: string;
}

/** @param tags only where one server holds them and the group; else each is registered before */
export function setCall(set: GuardedSet, tags: readonly TagKeys[]): ScriptCall {
  const { key, value, ttlMs, onlyIfAbsent, base, fence } = set;
  return {
    script: SET,
    keys: [key, set.fillsKey, set.keysKey, ...tags.flatMap(({ tag, dropped }) => [tag, dropped])],
    args: [value, ttlMs, onlyIfAbsent ? 'NX' : '', base, fence?.epoch ?? '', fence?.sequence ?? 0],
  };
}

export function registerCall({ base, ttlMs, fence }: GuardedSet, { tag, dropped }: TagKeys): ScriptCall {
  return {
    script: REGISTER,
    keys: [tag, dropped],
    args: [base, ttlMs + SECOND_COMMAND_MS, fence?.sequence ?? ''],
  };
}

export function replaceCall(
  key: string,
  expected: Buffer | string,
  value: Buffer | string,
  ttlMs: number,
): ScriptCall {
  return { script: REPLACE, keys: [key], args: [expected, value, ttlMs] };
}
