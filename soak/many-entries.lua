-- For wrk: GET requests for one of so many targets each, at random; what came of them as one line of JSON.
-- Arguments after `--`: how many targets there are, the seed.

local count

function init(args)
  count = tonumber(args[1])
  math.randomseed(tonumber(args[2]))
end

function request()
  return wrk.format('GET', '/' .. math.random(0, count - 1))
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
