import { PARSE_RULES } from '../scripts/rate-rules.ts';
import { createScript } from '../scripts/script.ts';

/**
 * The server's side of fused reads: the values of some keys, and sliding-window takes on others, in one call.
 *
 *     KEYS   the keys to read, then the keys to take from
 *     ARGV   how many are to be read; then for each take its rules, as `limit/windowMs` with commas between, and
 *            the number of requests that ask for it
 *     reply  for each read: value or nil, PTTL; for each take: requests allowed (or its error reply, and nothing
 *            more), retryAfterMs of the refused ones, then remaining and resetAfterMs of each rule
 *
 * The arithmetic is that of sliding-window.ts. A key's state is a format byte, then for each rule a head (limit,
 * windowMs, total, number of slots) and its slots (last millisecond, count), big-endian. Only the oldest and the
 * newest slot are ever looked at. A command's error stays with its key, so that one bad key does not fail its
 * neighbours.
 *
 * @param now a Lua expression of the time in milliseconds.
 */
export function fusedScript(now: string): string {
  return `
local FORMAT = '\\1'
local HEAD, HEAD_BYTES = '>I6I6I6I2', 20
local SLOT, SLOT_BYTES = '>I6I6', 12
local reply, n = {}, 0

${PARSE_RULES}
-- One rule's log from the state at a position, without the slots that have left the window; and the position of
-- the next. The log is empty when the rules have changed, or when the clock was set back by more than the window.
local function read_log(state, at, rule, now)
  local log = {total = 0, before = ''}
  if #state < at + HEAD_BYTES - 1 then return log, at end
  local limit, window, total, size, first = struct.unpack(HEAD, state, at)
  local past = first + size * SLOT_BYTES
  if size == 0 or limit ~= rule.limit or window ~= rule.window or #state < past - 1 then
    return log, #state + 1
  end
  local newest, count = struct.unpack(SLOT, state, past - SLOT_BYTES)
  if newest - now >= window + rule.width or newest + window <= now then return log, past end
  local oldest, oldest_count = struct.unpack(SLOT, state, first)
  while oldest + window <= now do
    total, first = total - oldest_count, first + SLOT_BYTES
    oldest, oldest_count = struct.unpack(SLOT, state, first)
  end
  log.total, log.oldest, log.newest, log.count = total, oldest, newest, count
  log.before = string.sub(state, first, past - SLOT_BYTES - 1)
  return log, past
end

local function count(log, rule, times, now)
  local slot = math.floor(now / rule.width) * rule.width + rule.width - 1
  if log.newest and log.newest >= slot then
    log.count = log.count + times
  else
    if log.newest then log.before = log.before .. struct.pack(SLOT, log.newest, log.count) end
    log.oldest, log.newest, log.count = log.oldest or slot, slot, times
  end
  log.total = log.total + times
end

local function pack_log(log, rule)
  local size = #log.before / SLOT_BYTES + 1
  return struct.pack(HEAD, rule.limit, rule.window, log.total, size) .. log.before ..
    struct.pack(SLOT, log.newest, log.count)
end

local function take(key, rules, times, now)
  local state = redis.pcall('GET', key)
  if type(state) == 'table' then return state end
  if not state or string.sub(state, 1, 1) ~= FORMAT then state = FORMAT end
  local logs, at, allowed = {}, 2, times
  for r, rule in ipairs(rules) do
    logs[r], at = read_log(state, at, rule, now)
    allowed = math.min(allowed, rule.limit - logs[r].total)
  end
  local retry, reset, answer, written = 0, 0, {}, FORMAT
  for r, rule in ipairs(rules) do
    local log = logs[r]
    if allowed > 0 then
      count(log, rule, allowed, now)
      written = written .. pack_log(log, rule)
    end
    if log.total >= rule.limit then retry = math.max(retry, log.oldest + rule.window - now) end
    local rule_reset = log.newest and log.newest + rule.window - now or 0
    reset = math.max(reset, rule_reset)
    answer[r * 2 - 1], answer[r * 2] = rule.limit - log.total, rule_reset
  end
  if allowed > 0 then
    local done = redis.pcall('SET', key, written, 'PX', reset)
    if done.err then return done end
  end
  reply[n + 1], reply[n + 2] = allowed, retry
  n = n + 2
  for i = 1, #answer do reply[n + i] = answer[i] end
  n = n + #answer
end

local reads = tonumber(ARGV[1])
for i = 1, reads do
  local value = redis.pcall('GET', KEYS[i])
  reply[n + 1], reply[n + 2] = value, type(value) == 'string' and redis.pcall('PTTL', KEYS[i]) or 0
  n = n + 2
end
if #KEYS > reads then
  local now = ${now}
  local parsed = {}
  for i = 1, #KEYS - reads do
    local text = ARGV[i * 2]
    parsed[text] = parsed[text] or parse_rules(text)
    local err = take(KEYS[reads + i], parsed[text], tonumber(ARGV[i * 2 + 1]), now)
    if err then
      n = n + 1
      reply[n] = err
    end
  end
end
return reply
`;
}

const SERVER_TIME = `(function ()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end)()`;

export const FUSED_SCRIPT = createScript(fusedScript(SERVER_TIME));
