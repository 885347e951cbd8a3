// What an entry takes in Valkey: `node bench/entry-size.mjs` fills a server of its own by requests through a gate and, for
// comparison, through undici-cache-redis, and prints tables for docs/store.md. Needs a build.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'iovalkey';
import { Agent, interceptors, request } from 'undici';
import { RedisCacheStore } from 'undici-cache-redis';
import { stringify } from 'yaml';
import { createProcesses, freePort } from './processes.mjs';
import { startStoreServer } from './store-server.mjs';
import { cores } from './tools.mjs';
import { BODY } from './workload.mjs';

const ENTRIES = 10_000;
const AT_ONCE = 50;
const SESSIONS = 2_000;
/** It scans all keys of its database on each look-up. */
const SCANNED_ENTRIES = 500;
const SCANNED_DATABASE = 1;
const GATE = new URL('../dist/cli/main.js', import.meta.url).pathname;

/** Ten header fields, without those that the connection adds. */
const FIELDS = [
  ...['Content-Type', 'application/json', 'Content-Length', String(BODY.length)],
  ...['Date', new Date().toUTCString(), 'Cache-Control', 'public, max-age=3600'],
  ...['ETag', '"5f3a2b1c9d8e7f60"', 'Last-Modified', 'Fri, 20 Nov 2026 08:30:00 GMT'],
  ...['Content-Language', 'en', 'Server', 'nginx', 'X-Request-Id', randomBytes(16).toString('hex')],
  ...['Strict-Transport-Security', 'max-age=31536000'],
];
const CONTENT_BYTES = FIELDS.join('').length + BODY.length;

const directory = await mkdtemp(join(tmpdir(), 'cachegate-entry-size-'));
const processes = createProcesses(directory);
process.once('exit', processes.stopWithoutWaiting);
const origin = createServer((incoming, response) => {
  if (incoming.url.startsWith('/authority')) return response.writeHead(200).end();
  const tags = incoming.url.startsWith('/tagged') ? ['Cache-Tag', 'news, front-page'] : [];
  response.sendDate = false;
  return response.writeHead(200, [...FIELDS, ...tags]).end(BODY);
});
origin.listen(0, '127.0.0.1');
await once(origin, 'listening');
const originUrl = `http://127.0.0.1:${origin.address().port}`;

try {
  const server = await startStoreServer(processes, directory);
  const client = new Redis(server.url);
  const gate = await startGate(server.url);
  const rows = [];
  rows.push(await measure(client, 'a response', ENTRIES, (i) => get(`${gate}/open/${i}`)));
  rows.push(
    await measure(client, 'a response with two tags', ENTRIES, (i) => get(`${gate}/open/tagged/${i}`)),
  );
  rows.push(
    await measure(client, 'a verdict and a rate limit', SESSIONS, (i) => get(`${gate}/gated/1`, session(i))),
  );
  const scanning = new RedisCacheStore({
    tracking: false,
    clientOpts: { host: '127.0.0.1', port: server.port, db: SCANNED_DATABASE },
  });
  const agent = new Agent().compose(interceptors.cache({ store: scanning }));
  await client.select(SCANNED_DATABASE);
  rows.push(
    await measure(client, 'a response in undici-cache-redis', SCANNED_ENTRIES, (i) =>
      get(`${originUrl}/open/${i}`, {}, agent),
    ),
  );
  print(rows);
  agent.destroy();
  await scanning.close();
  client.disconnect();
  server.close();
} finally {
  await processes.stop();
  origin.closeAllConnections();
  origin.close();
  await rm(directory, { recursive: true, force: true });
}
process.exit();

function session(i) {
  return { 'x-session': `${i}`.padStart(32, 's') };
}

async function startGate(store) {
  const port = await freePort();
  const file = join(directory, 'gate.yaml');
  const cache = { path: '/open', origin: originUrl, strip_path: true };
  const gated = {
    path: '/gated',
    origin: originUrl,
    session: { authority: 'http', url: `${originUrl}/authority`, header: 'X-Session' },
    rate_limit: { session: { limit: 10, window_seconds: 3600 }, address: 'off' },
  };
  await writeFile(
    file,
    stringify({ listen: `127.0.0.1:${port}`, admin_listen: 'off', store, services: { open: cache, gated } }),
  );
  const args = [GATE, 'serve', '--config', file];
  await processes.serve({ name: 'gate', command: process.execPath, args, core: cores.server, port });
  return `http://127.0.0.1:${port}`;
}

async function get(url, headers = {}, dispatcher = undefined) {
  const { statusCode, body } = await request(url, { headers, ...(dispatcher && { dispatcher }) });
  await body.dump();
  if (statusCode !== 200) throw new Error(`${url} answered ${statusCode}`);
}

/** Makes so many entries, and asks what all the keys that came take together. */
async function measure(client, name, count, make) {
  const before = { memory: await usedMemory(client), keys: new Set(await keysOf(client)) };
  const usageBefore = await usageOf(client, before.keys);
  for (let i = 0; i < count; i += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, n) => make(i + n)));
  }
  // What is written behind the answers, and what lasts a moment only.
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const keys = await keysOf(client);
  const usage = (await usageOf(client, keys)) - usageBefore;
  const memory = (await usedMemory(client)) - before.memory;
  return { name, keys: keys.length - before.keys.size, count, usage: usage / count, memory: memory / count };
}

function print(rows) {
  console.log(
    `Valkey; a body of ${BODY.length} bytes and ${FIELDS.length / 2} fields: ${CONTENT_BYTES} bytes.\n`,
  );
  console.log(
    '| entry | keys | MEMORY USAGE of all keys | beside body and fields | share of the server’s memory |',
  );
  console.log('| --- | --- | --- | --- | --- |');
  for (const { name, keys, count, usage, memory } of rows) {
    const beside = name.includes('response') ? (usage - CONTENT_BYTES).toFixed(0) : '';
    console.log(
      `| ${name} | ${(keys / count).toFixed(2)} | ${usage.toFixed(0)} | ${beside} | ${memory.toFixed(0)} |`,
    );
  }
}

async function keysOf(client) {
  const found = new Set();
  let cursor = '0';
  do {
    const [next, keys] = await client.scan(cursor, 'COUNT', 5_000);
    for (const key of keys) found.add(key);
    cursor = next;
  } while (cursor !== '0');
  return [...found];
}

async function usageOf(client, keys) {
  let sum = 0;
  const all = [...keys];
  for (let i = 0; i < all.length; i += 1_000) {
    const usages = await Promise.all(
      all.slice(i, i + 1_000).map((key) => client.memory('USAGE', key, 'SAMPLES', '0')),
    );
    sum += usages.reduce((total, usage) => total + Number(usage ?? 0), 0);
  }
  return sum;
}

async function usedMemory(client) {
  return Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))[1]);
}
