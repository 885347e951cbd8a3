// @ts-check
import { once } from 'node:events';
import { createServer } from 'node:http';

// Stands in for somebody's API: five products, each good for a minute, and every request is counted.

const NAMES = ['Apron', 'Bowl', 'Candle', 'Dish', 'Egg cup'];

export async function startOrigin() {
  let calls = 0;
  const server = createServer((request, response) => {
    calls += 1;
    const id = Number(/^\/products\/(\d)$/.exec(request.url ?? '')?.[1]);
    const name = NAMES[id];
    const status = name === undefined ? 404 : 200;
    response.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'max-age=60' });
    response.end(JSON.stringify(name === undefined ? { error: 'not found' } : { id, name }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    /** How many requests there were since it was last asked. */
    takeCalls() {
      const taken = calls;
      calls = 0;
      return taken;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
