// Serves a gate by the installed command, on the runtime that this runs on, and asks it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';

const COMMAND = 'node_modules/cachegate/dist/cli/main.js';
const START_DEADLINE_MS = 30_000;

let asked = 0;
const origin = createServer((request, response) => {
  if (request.url === '/whose/') return response.writeHead(isKnown(request) ? 200 : 403).end();
  asked += 1;
  return response.setHeader('content-type', 'text/plain').end('book');
});
origin.listen(0, '127.0.0.1');
await once(origin, 'listening');
const originUrl = `http://127.0.0.1:${origin.address().port}`;

const books = {
  path: '/books',
  origin: originUrl,
  session: { authority: 'http', url: `${originUrl}/whose/`, header: 'X-Session' },
  cache: { ttl_seconds: 60 },
};
await writeFile(
  'cachegate.json',
  JSON.stringify({ listen: '127.0.0.1:0', admin_listen: 'off', store: 'memory:', services: { books } }),
);

const server = spawn(process.execPath, [COMMAND, 'serve', '--config', 'cachegate.json'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
process.once('exit', () => server.kill('SIGKILL'));
try {
  const url = await startedAt();
  assert.equal((await fetch(`${url}/books/1`)).status, 401);
  const session = { headers: { 'x-session': 'known-session-0001' } };
  assert.equal(await (await fetch(`${url}/books/1`, session)).text(), 'book');
  const hit = await fetch(`${url}/books/1`, session);
  assert.equal(await hit.text(), 'book');
  assert.match(hit.headers.get('cache-status'), /; hit/);
  assert.equal(asked, 1);
  server.kill('SIGTERM');
  assert.deepEqual(await once(server, 'exit'), [0, null]);
} finally {
  origin.closeAllConnections();
  origin.close();
}
console.log('used');

function isKnown({ headers }) {
  return /known-session-0001/.test(JSON.stringify(headers));
}

/** The URL of its start line. */
async function startedAt() {
  const late = setTimeout(() => server.kill('SIGKILL'), START_DEADLINE_MS);
  let output = '';
  for await (const chunk of server.stdout.iterator({ destroyOnReturn: false })) {
    output += chunk;
    const line = output.split('\n').find((each) => each.includes('"Listening on ') && each.endsWith('}'));
    if (line === undefined) continue;
    clearTimeout(late);
    server.stdout.resume();
    return JSON.parse(line).url;
  }
  throw new Error(`it ended: ${output}`);
}
