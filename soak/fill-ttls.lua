-- For Valkey (EVAL): entries as a store keeps responses, each a value under its service's index, and as many foreign keys.
--
--     ARGV   from which number on, how many, 'uniform' or 'bimodal'
--     reply  the sum of the instants that the entries expire at, in seconds, as text

local HOUR = 3600000
local DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
local VALUE = string.rep('x', 100)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- By the digest, which is independent of the place in the index.
local function ttl_of(digest)
  local part = tonumber(string.sub(digest, 9, 16), 16) / 4294967296
  if ARGV[3] == 'uniform' then return HOUR + math.floor(part * 23 * HOUR) end
  return part < 0.9 and HOUR or 24 * HOUR
end

local sum = 0
for i = tonumber(ARGV[1]), ARGV[1] + ARGV[2] - 1 do
  local digest = redis.sha1hex(tostring(i))
  local digit = tonumber(string.sub(digest, 1, 8), 16) % 64 + 1
  local first = string.sub(DIGITS, digit, digit)
  local key = 'response:{api:' .. first .. string.sub(digest, 17, 37) .. '}'
  local ttl = ttl_of(digest)
  redis.call('SET', key, VALUE, 'PX', string.format('%.0f', ttl))
  redis.call('ZADD', 'tag:{@api:' .. first .. '}', string.format('%.0f', now + ttl), key)
  redis.call('SET', 'foreign:' .. i, VALUE, 'EX', 86400)
  sum = sum + (now + ttl) / 1000
end
return string.format('%.3f', sum)
