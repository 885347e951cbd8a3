-- For wrk: GET requests of the sessions in a file, one after the other; the result as one line of JSON.
-- Arguments after `--`: the value of `Origin` or nothing, the name of the field that says whose request it is, the file
-- with one value of it a line.

local requests = {}
local position = 0

local function next_request()
  position = position % #requests + 1
  return requests[position]
end

function init(args)
  for id in io.lines(args[3]) do
    local fields = { ['Host'] = wrk.headers['Host'], [args[2]] = id }
    if args[1] ~= '' then fields['Origin'] = args[1] end
    requests[#requests + 1] = wrk.format('GET', nil, fields)
  end
  request = next_request
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"refused":%d,"broken":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
