// The suite's origin, on loopback only, which its own server.mjs is not. Prints its URL, then what the suite warns of.
import { createServer } from 'node:http';
import handleConfig from 'http-cache-tests/server/handle-config.mjs';
import handleState from 'http-cache-tests/server/handle-state.mjs';
import handleTest from 'http-cache-tests/server/handle-test.mjs';

const handlers = { config: handleConfig, state: handleState, test: handleTest };

const server = createServer((request, response) => {
  const [, what, ...rest] = new URL(request.url, 'http://origin').pathname.split('/');
  const handle = handlers[what];
  if (handle !== undefined) handle(rest, request, response);
  else response.writeHead(404).end();
});
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`));
