import { PARSE_RULES } from '../scripts/rate-rules.ts';
import { createScript, NOW, type Script } from '../scripts/script.ts';

/**
 * Sliding-window takes on some keys, with the arithmetic of sliding-window.ts.
 *
 *     KEYS   the keys to take from
 *     ARGV   for each key its rules, as `limit/windowMs` with commas between, and the number of requests that ask
 *     reply  for each key a list: requests allowed, retryAfterMs of the refused ones, then remaining and resetAfterMs of
 *            each rule; or the text of its error
 *
 * A key's state is text, since a service's Lua need not have `struct`: for each rule `limit/windowMs:`, its slots (last
 * millisecond, `=`, count, `,`) from the oldest on, and `;`.
 *
 * @param clock Lua that sets `now`, in milliseconds, and `whole`, as NOW does.
 */
export function takeScript(clock: string): Script {
  return createScript(`${clock}
${PARSE_RULES}
-- The logs in a state by their rules, unread.
local function parse_state(state)
  local logs = {}
  for rule, slots in string.gmatch(state, '(%d+/%d+):([^;]*);') do logs[rule] = slots end
  return logs
end

-- A log without the slots that have left the window; empty when the clock was set back by more than the window.
local function read_log(slots, rule)
  local log = {total = 0, slots = {}}
  for last, count in string.gmatch(slots, '(%d+)=(%d+),') do
    last, count = tonumber(last), tonumber(count)
    if last - now >= rule.window + rule.width then return {total = 0, slots = {}} end
    if last + rule.window > now then
      log.slots[#log.slots + 1] = {last = last, count = count}
      log.total = log.total + count
    end
  end
  return log
end

local function count(log, rule, times)
  local slot = math.floor(now / rule.width) * rule.width + rule.width - 1
  local newest = log.slots[#log.slots]
  if newest and newest.last >= slot then
    newest.count = newest.count + times
  else
    log.slots[#log.slots + 1] = {last = slot, count = times}
  end
  log.total = log.total + times
end

local function write_log(log, rule)
  local written = {whole(rule.limit), '/', whole(rule.window), ':'}
  for _, slot in ipairs(log.slots) do
    written[#written + 1] = whole(slot.last) .. '=' .. whole(slot.count) .. ','
  end
  return table.concat(written) .. ';'
end

local function take(key, rules, times)
  local state = redis.pcall('GET', key)
  if type(state) == 'table' then return state.err or 'ERR' end
  local before, logs, allowed = parse_state(state or ''), {}, times
  for r, rule in ipairs(rules) do
    logs[r] = read_log(before[whole(rule.limit) .. '/' .. whole(rule.window)] or '', rule)
    allowed = math.min(allowed, rule.limit - logs[r].total)
  end
  local retry, reset, answer, written = 0, 1, {allowed, 0}, ''
  for r, rule in ipairs(rules) do
    local log = logs[r]
    if allowed > 0 then count(log, rule, allowed) end
    local oldest, newest = log.slots[1], log.slots[#log.slots]
    if allowed < times and log.total >= rule.limit then retry = math.max(retry, oldest.last + rule.window - now) end
    local rule_reset = newest and newest.last + rule.window - now or 0
    reset = math.max(reset, rule_reset)
    answer[r * 2 + 1], answer[r * 2 + 2] = rule.limit - log.total, rule_reset
    written = written .. write_log(log, rule)
  end
  answer[2] = retry
  if allowed > 0 then
    local done = redis.pcall('SET', key, written, 'PX', whole(reset))
    if type(done) == 'table' and done.err then return done.err end
  end
  return answer
end

local reply = {}
for i, key in ipairs(KEYS) do
  reply[i] = take(key, parse_rules(ARGV[i * 2 - 1]), tonumber(ARGV[i * 2]))
end
return reply
`);
}

export const TAKE_SCRIPT = takeScript(NOW);
