import { groupKeys } from '../group-keys.ts';
import { DROP_TTL_MS } from '../store.ts';
import type { TagKeys } from './guarded-set.ts';
import { createScript, NOW, NUMBER, type ScriptCall } from './script.ts';

/** What a soft drop writes into values that are long enough; shorter ones are deleted. */
export interface MarkText {
  readonly text: Buffer | string;
  /** Where in a value as the server holds it. */
  readonly offset: number;
  /** How long a value is at least that has room for it. */
  readonly leastLength: number;
}

/** `held`: those that held a value too. */
export type Told = 'none' | 'filled' | 'held';

/**
 * Several groups in one call are for one server. That the fills go first lets the script write when memory is full: it
 * is asked only at the first write whether it may. What hinders one group (another application's key in the place of its
 * set of keys, which then goes too) hinders no other.
 *
 *     KEYS   for each group its base, fills, keys, dropped; without the last where nobody hears of it; or, of groups that
 *            are their base only, that
 *     ARGV   keys a group (4, 3 or 1); 1 where those that held a value are told of too; mark, offset, least length for a
 *            soft drop
 *     reply  how many groups held a value; then the keys that were dropped beside the bases. Or an error, when there may
 *            be keys that were not
 */
const DROP = createScript(`
local stride, mark, least = tonumber(ARGV[1]), ARGV[3], tonumber(ARGV[5] or 0)
local reply, failed = {0}, nil

local function drop_key(key)
  local length = mark and redis.pcall('STRLEN', key)
  if type(length) == 'number' and length >= least then
    redis.call('SETRANGE', key, ARGV[4], mark)
    return 1
  end
  return redis.call('UNLINK', key)
end

local function drop_beside(fills, keys)
  local filled, held = redis.call('UNLINK', fills) == 1, 0
  local found = redis.pcall('ZRANGE', keys, 0, -1)
  failed = found.err and found or failed
  for _, key in ipairs(found) do
    held = held + drop_key(key)
    reply[#reply + 1] = key
  end
  if found.err or not mark then redis.call('UNLINK', keys) end
  return held, filled
end

for i = 1, #KEYS, stride do
  local held, filled = 0, false
  if stride > 1 then held, filled = drop_beside(KEYS[i + 1], KEYS[i + 2]) end
  held = held + drop_key(KEYS[i])
  if held > 0 then reply[1] = reply[1] + 1 end
  -- Written and gone again within one command: whoever tracks it is told once, and no key stays.
  if stride == 4 and (filled or held > 0 and ARGV[2] == '1') then
    redis.call('SET', KEYS[i + 3], '', 'PX', 1000)
    redis.call('UNLINK', KEYS[i + 3])
  end
end
return failed or reply
`);

/**
 * The next number in the sequence of drops: microseconds of the server's clock, unless that went back. The expiry goes
 * first, since it needs no memory, and lets what follows be written when memory is full.
 *
 *     KEYS   the sequence
 *     ARGV   its ttl
 *     reply  the number
 */
const NEXT = createScript(`${NUMBER}
redis.call('PEXPIRE', KEYS[1], ARGV[1])
local time = redis.call('TIME')
local last = number(redis.call('GET', KEYS[1]))
local following = math.max(last + 1, time[1] * 1000000 + time[2])
redis.call('SET', KEYS[1], string.format('%.0f', following), 'PX', ARGV[1])
return following
`);

/**
 * Notes that a tag is dropped from now on: what was begun before will not be written.
 *
 *     KEYS   tag, where its last drop is kept
 *     ARGV   the drop's number, ttl
 *     reply  how many groups have the tag
 */
const NOTE = createScript(`${NUMBER}
redis.call('PEXPIRE', KEYS[2], ARGV[2])
local last = redis.pcall('GET', KEYS[2])
if type(last) == 'table' or number(last) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
end
return redis.call('ZCARD', KEYS[1])
`);

/**
 * Groups that have a tag, by the instants that they expire at: an order that another server has too, and in which one
 * that is added again is still to come. All of one instant come together.
 *
 *     KEYS   tag
 *     ARGV   cursor ('': the beginning), how many
 *     reply  the next cursor ('': the end), then base, score and so on
 */
const MEMBERS = createScript(`${NOW}
local count = tonumber(ARGV[2])
local from = ARGV[1] == '' and whole(now) or ARGV[1]
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. from, '+inf', 'WITHSCORES', 'LIMIT', 0, count)
local reply = {''}
if #found == count * 2 then
  local last = found[#found]
  reply[1] = last
  while found[#found] == last do
    found[#found] = nil
    found[#found] = nil
  end
  for _, text in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], last, last, 'WITHSCORES')) do
    found[#found + 1] = text
  end
end
for _, text in ipairs(found) do reply[#reply + 1] = text end
return reply
`);

/**
 *     KEYS   tag
 *     ARGV   bases
 *     reply  those of them that have the tag
 */
const HAVING = createScript(`
local reply = {}
for i, score in ipairs(redis.call('ZMSCORE', KEYS[1], unpack(ARGV))) do
  if score then reply[#reply + 1] = ARGV[i] end
end
return reply
`);

/**
 * Takes groups out of a tag, but for those that were added again since their scores were read. Leaves that to a drop that
 * was noted later: only while nobody else takes them out does a score say so.
 *
 *     KEYS   tag, where its last drop is kept
 *     ARGV   the drop's number; base, score and so on
 */
const FORGET = createScript(`${NUMBER}
if number(redis.call('GET', KEYS[2])) ~= tonumber(ARGV[1]) then return 0 end
for i = 2, #ARGV, 2 do
  local score = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if score and tonumber(score) == tonumber(ARGV[i + 1]) then redis.call('ZREM', KEYS[1], ARGV[i]) end
end
return 0
`);

/**
 * @param bases one, or several on one server, and either all with or all without companions (`groupKeys`)
 * @param told of which groups the other processes are told, if they can be
 */
export function dropCall(bases: readonly string[], mark: MarkText | null, told: Told): ScriptCall {
  const keys = bases.flatMap((base) => {
    const beside = groupKeys(base);
    if (beside === null) return [base];
    return [base, beside.fills, beside.keys, ...(told === 'none' ? [] : [beside.dropped])];
  });
  const markArgs = mark === null ? [] : [mark.text, mark.offset, mark.leastLength];
  return { script: DROP, keys, args: [keys.length / bases.length, told === 'held' ? 1 : 0, ...markArgs] };
}

export interface DropReply {
  /** How many groups held a value. */
  readonly held: number;
  /** The keys beside the bases. */
  readonly keys: readonly string[];
}

export function readDrop(reply: unknown): DropReply {
  const [held, ...keys] = reply as unknown[];
  return { held: Number(held), keys: keys.map(String) };
}

export function nextDropCall(drops: string): ScriptCall {
  return { script: NEXT, keys: [drops], args: [DROP_TTL_MS] };
}

export function noteDropCall({ tag, dropped }: TagKeys, number: number): ScriptCall {
  return { script: NOTE, keys: [tag, dropped], args: [number, DROP_TTL_MS] };
}

export interface Member {
  readonly base: string;
  readonly score: string;
}

export interface MembersReply {
  readonly members: readonly Member[];
  readonly cursor: string | null;
}

export function membersCall(tag: string, cursor: string | null, count: number): ScriptCall {
  return { script: MEMBERS, keys: [tag], args: [cursor ?? '', count] };
}

export function readMembers(reply: unknown): MembersReply {
  const [cursor, ...flat] = (reply as unknown[]).map(String);
  const members: Member[] = [];
  for (let i = 0; i < flat.length; i += 2) members.push({ base: flat[i]!, score: flat[i + 1]! });
  return { members, cursor: cursor === '' ? null : cursor! };
}

export function havingCall(tag: string, bases: readonly string[]): ScriptCall {
  return { script: HAVING, keys: [tag], args: bases };
}

export function forgetCall(
  { tag, dropped }: TagKeys,
  number: number,
  members: readonly Member[],
): ScriptCall {
  const args = members.flatMap(({ base, score }) => [base, score]);
  return { script: FORGET, keys: [tag, dropped], args: [number, ...args] };
}
