-- For wrk: GET requests of many sessions for many resources, in turn; what came of them as one line of JSON. Arguments
-- after `--`: the web origin, the name of the session header, the number of resources, the sessions.

function init(args)
  local requests = {}
  local sessions = #args - 3
  for i = 1, tonumber(args[3]) do
    local session = args[4 + i % sessions]
    local headers = { ['Host'] = wrk.headers['Host'], ['Origin'] = args[1], [args[2]] = session }
    requests[i] = wrk.format('GET', wrk.path .. '&n=' .. i, headers)
  end
  local next = 0
  request = function()
    next = next % #requests + 1
    return requests[next]
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"refused":%d,"broken":%d,"p50":%.2f,"p99":%.2f,"slowest":%.1f}\n',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000))
end
