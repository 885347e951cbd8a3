import { once } from 'node:events';
import { createServer } from 'node:http';

export const BODY = 'body '.repeat(2_000);
const ETAG = '"unchanged"';
/** All mean that the stored response is validated each time. */
const LIFETIMES = ['max-age=0', 'no-cache', 'max-age=0, must-revalidate', 'max-age=600, no-cache'];

/** An origin whose resources never change. The field `Served` of an answer is its number. */
export async function startUnchangingOrigin() {
  let served = 0;
  let validations = 0;
  const server = createServer((request, response) => {
    served += 1;
    const lifetime = LIFETIMES[Number(request.url.slice(1)) % LIFETIMES.length];
    const fields = { 'Cache-Control': lifetime, ETag: ETAG, Served: served };
    if (request.headers['if-none-match'] !== ETAG) {
      response.writeHead(200, { ...fields, 'Content-Type': 'text/plain' }).end(BODY);
      return;
    }
    validations += 1;
    response.writeHead(304, fields).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    validations: () => validations,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
