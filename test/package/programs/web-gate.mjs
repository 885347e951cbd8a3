// The gate as a function, in this runtime, asked by the cases that the gate's own tests ask: called, and, where the
// runtime has a server of the fetch standard, over that.
import { createGate } from 'cachegate/web';
import { startWorld } from './behaviour/test/support/behaviour-world.mjs';
import { GATE_CASES } from './behaviour/test/support/gate-behaviour.mjs';
import config from './gate.config.mjs';

const CASE_DEADLINE_MS = 20_000;

const { KV_REST_API_URL, KV_REST_API_TOKEN } = process.env;
const world = await startWorld();
const service = { KV_REST_API_URL, KV_REST_API_TOKEN };
const gate = createGate(config, { env: { ...service, LOGGING_LEVEL: 'minimal', ...world.env } });
await gate.ready();

let [asked, failed] = [0, 0];
await askAll({ fetch: gate.fetch });
const server = serve();
if (server !== null) await askAll({ fetch: globalThis.fetch, base: server.url });
await server?.close();
await gate.close();
await world.close();
console.log(`${asked} cases, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function askAll(way) {
  for (const [name, ask] of Object.entries(GATE_CASES)) {
    asked += 1;
    try {
      await inTime(ask({ ...way, world }));
    } catch (error) {
      failed += 1;
      console.error(`${name}, ${way.base ?? 'called'}: ${error.stack}`);
    }
  }
}

function inTime(answer) {
  let timer;
  const late = new Promise((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), CASE_DEADLINE_MS);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

/** On a port of loopback; `null`: this runtime has no such server. */
function serve() {
  const hostname = '127.0.0.1';
  if (globalThis.Bun !== undefined) {
    const server = Bun.serve({
      ...{ hostname, port: 0 },
      fetch: (request, bun) => gate.fetch(request, { peer: bun.requestIP(request)?.address }),
    });
    return { url: `http://${hostname}:${server.port}`, close: () => server.stop(true) };
  }
  if (globalThis.Deno !== undefined) {
    const server = Deno.serve({ hostname, port: 0, onListen() {} }, (request, { remoteAddr }) =>
      gate.fetch(request, { peer: remoteAddr.hostname }),
    );
    return { url: `http://${hostname}:${server.addr.port}`, close: () => server.shutdown() };
  }
  return null;
}
