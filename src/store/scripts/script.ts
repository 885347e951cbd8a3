import { createHash } from 'node:crypto';

/** A Lua script as a server keeps it. */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

/**
 * One call of a script. All its keys lie in one Cluster slot, unless the script says that it is for one server. Replies
 * are whole numbers, strings, and lists of these.
 */
export interface ScriptCall {
  readonly script: Script;
  readonly keys: readonly string[];
  readonly args: readonly (string | number | Buffer)[];
}

export type RunScript = (call: ScriptCall) => Promise<unknown>;

export function createScript(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

/** Lua: `now`, the server's clock in milliseconds since the epoch; `whole(n)`, a number as text without an exponent. */
export const NOW = `
local function whole(number) return string.format('%.0f', number) end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/** Lua: `grow(key, ttl)`, which gives a key `ttl` milliseconds to live, unless it has longer. Needs NOW. */
export const GROW = `
local function grow(key, ttl)
  if redis.call('PTTL', key) < ttl then redis.call('PEXPIRE', key, whole(ttl)) end
end
`;

/** Lua: `number(text)`, which is 0 for what is not there, and for what is no number of ours. */
export const NUMBER = `
local function number(text)
  return tonumber(text or 0) or 0
end
`;

/** Expired members that an addition takes away, at most: so a set that is added to does not grow for ever. */
const PRUNED = 16;

/**
 * Lua: `index(set, member, ttl)`, which adds a member to a sorted set, scored with the instant that it expires at. The
 * score of one that is added again always grows, by which those who read the set tell the two apart. Needs NOW and GROW.
 */
export const INDEX = `
local function index(set, member, ttl)
  local expires = now + ttl
  if redis.call('ZADD', set, 'GT', 'CH', whole(expires), member) == 0 then
    expires = redis.call('ZSCORE', set, member) + 1
    redis.call('ZADD', set, whole(expires), member)
  end
  local past = redis.call('ZRANGEBYSCORE', set, '-inf', whole(now), 'LIMIT', 0, ${PRUNED})
  if #past > 0 then redis.call('ZREM', set, unpack(past)) end
  grow(set, expires - now)
end
`;
