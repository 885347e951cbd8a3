-- For wrk: one session's GET requests; what came of them as one line of JSON. Arguments after `--`: the web origin,
-- the name of the session header, the session.

function init(args)
  local headers = { ['Host'] = wrk.headers['Host'], ['Origin'] = args[1], [args[2]] = args[3] }
  local get = wrk.format('GET', nil, headers)
  request = function() return get end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"refused":%d,"broken":%d,"p50":%.2f,"p99":%.2f,"slowest":%.1f}\n',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
