// Run as a child (`startChild`), so that nothing else holds up what it counts: says its URL, then answers each message with
// when requests came, of the monotonic clock, and for how long at most it could not have seen any.
import { createServer } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { monotonicMs } from './monotonic.mjs';

const RESOLUTION_MS = 5;
const arrivals = [];
const stalls = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  if (arrivals.push(monotonicMs()) === 1) stalls.enable();
  const isLasting = request.url.startsWith('/lasting');
  response
    .writeHead(200, { 'Cache-Control': isLasting ? 'max-age=1, stale-if-error=3600' : 'no-store' })
    .end(request.url);
});
server.listen(0, '127.0.0.1', () => {
  process.send({ url: `http://127.0.0.1:${server.address().port}` });
});
process.on('message', () => process.send({ arrivals, longestStallMs: stalls.max / 1e6 }));
process.on('disconnect', () => process.exit());
