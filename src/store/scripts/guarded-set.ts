import { FILL_TTL_MS, type Lease } from '../store.ts';
import { END_LEASE } from './fills.ts';
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
 *     ARGV   value, ttl, condition ('NX', 'EQ' or ''), base, epoch of the fence ('': none), sequence of the fence; for
 *            'EQ' another value, and for each form that what is there may have: how it begins, characters before what is
 *            compared, that, and which argument is then written; else name and holder of a lease that ends with it
 *     reply  1 when it was written
 */
export const SET = createScript(`${NOW}${GROW}${INDEX}${NUMBER}${END_LEASE}
local key, base, epoch, ttl, value = KEYS[1], ARGV[4], ARGV[5], tonumber(ARGV[2]), ARGV[1]

local function value_for(before)
  for i = 8, #ARGV, 4 do
    local begins, from, rest = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2]
    if #before == from + #rest and string.sub(before, 1, #begins) == begins and string.sub(before, from + 1) == rest then
      return ARGV[tonumber(ARGV[i + 3])]
    end
  end
end

if epoch ~= '' then
  if redis.call('HGET', KEYS[2], 'epoch') ~= epoch then return 0 end
  for i = 5, #KEYS, 2 do
    if number(redis.call('GET', KEYS[i])) > tonumber(ARGV[6]) then return 0 end
  end
end
if ARGV[3] == 'NX' and redis.call('PTTL', key) ~= -2 then return 0 end
if ARGV[3] == 'EQ' then
  local before = redis.call('GET', key)
  value = before and value_for(before)
  if not value then return 0 end
end
if key ~= base then index(KEYS[3], key, ttl) end
for i = 4, #KEYS, 2 do index(KEYS[i], base, ttl) end
redis.call('SET', key, value, 'PX', ARGV[2])
if ARGV[3] ~= 'EQ' and ARGV[7] then end_lease(KEYS[2], ARGV[7], ARGV[8], 0) end
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

/** A form in which a value may lie on the server. */
export interface ExpectedForm {
  readonly begins: string;
  /** Characters of it before `rest`; what is between `begins` and `rest` may be anything. */
  readonly from: number;
  readonly rest: Buffer | string;
  /** What is then written. */
  readonly next: Buffer | string;
}

/** What must be there for a value to be written: anything, nothing, or a value in one of these forms. */
export type SetCondition = 'none' | 'absent' | readonly ExpectedForm[];

export interface GuardedSet {
  readonly key: string;
  readonly value: Buffer | string;
  readonly ttlMs: number;
  readonly condition: SetCondition;
  readonly base: string;
  /** Of the group; the key itself when the base is written without a fence, since they are not used then. */
  readonly fillsKey: string;
  readonly keysKey: string;
  readonly fence: { readonly epoch: string; readonly sequence: number } | null;
  /** Ends with the write; not with a condition on what is there. */
  readonly endLease?: Lease | undefined;
}

export interface TagKeys {
  readonly tag: string;
  /** Where it is kept when it was last dropped. */
  readonly dropped: string;
}

/** @param tags only where one server holds them and the group; else each is registered before */
export function setCall(set: GuardedSet, tags: readonly TagKeys[]): ScriptCall {
  const { key, value, ttlMs, condition, base, fence } = set;
  return {
    script: SET,
    keys: [key, set.fillsKey, set.keysKey, ...tags.flatMap(({ tag, dropped }) => [tag, dropped])],
    args: [
      ...[value, ttlMs, CONDITIONS[typeof condition === 'string' ? condition : 'equal'], base],
      ...[fence?.epoch ?? '', fence?.sequence ?? 0],
      ...(typeof condition === 'string' ? leaseArgs(set) : formArgs(value, condition)),
    ],
  };
}

const CONDITIONS = { none: '', absent: 'NX', equal: 'EQ' };

function leaseArgs({ endLease }: GuardedSet): string[] {
  return endLease === undefined ? [] : [endLease.name, endLease.holder];
}

/** Of the values that the forms ask for, the first argument is one. */
function formArgs(value: Buffer | string, forms: readonly ExpectedForm[]): (Buffer | string | number)[] {
  const other = forms.find(({ next }) => next !== value)?.next ?? '';
  const args = forms.map(({ begins, from, rest, next }) => [begins, from, rest, next === value ? 1 : 7]);
  return [other, ...args.flat()];
}

export function registerCall({ base, ttlMs, fence }: GuardedSet, { tag, dropped }: TagKeys): ScriptCall {
  return {
    script: REGISTER,
    keys: [tag, dropped],
    args: [base, ttlMs + SECOND_COMMAND_MS, fence?.sequence ?? ''],
  };
}
