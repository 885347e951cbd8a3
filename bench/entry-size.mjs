// What an entry takes in Valkey: `node bench/entry-size.mjs` fills a server of its own through the store, and prints a
// table for docs/store.md. Needs a build.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'iovalkey';
import { encodeStoredForm } from '../dist/response-cache/stored-form.js';
import { createStoreKeys } from '../dist/store/keys.js';
import { createValkeyStore } from '../dist/store/valkey/valkey-store.js';
import { createProcesses } from './processes.mjs';
import { startStoreServer } from './store-server.mjs';
import { BODY } from './workload.mjs';

const ENTRIES = 10_000;
const TTL_MS = 3_600_000;
const BATCH = 500;

const directory = await mkdtemp(join(tmpdir(), 'cachegate-entry-size-'));
const processes = createProcesses(directory);
process.once('exit', processes.stopWithoutWaiting);

const keys = createStoreKeys('', 'secret');
const sessionId = () => randomBytes(24).toString('base64url');
const FIELDS = [
  ...['Content-Type', 'application/json', 'Content-Length', String(BODY.length)],
  ...['Date', 'Sat, 21 Nov 2026 12:00:00 GMT', 'Cache-Control', 'public, max-age=3600'],
  ...['ETag', '"5f3a2b1c9d8e7f60"', 'Last-Modified', 'Fri, 20 Nov 2026 08:30:00 GMT'],
  ...['Vary', 'Accept-Encoding', 'Server', 'nginx', 'X-Request-Id', randomBytes(16).toString('hex')],
  ...['Strict-Transport-Security', 'max-age=31536000'],
];
const response = { status: 200, requestAt: Date.now(), responseAt: Date.now(), fields: FIELDS, body: BODY };
const fieldBytes = FIELDS.join('').length;

const entries = {
  'session:, an id of 32 characters': (store) =>
    store.set(keys.session(sessionId()), Buffer.from('true'), TTL_MS),
  'ratelimit:, 1 request in its window': (store) =>
    store.take(keys.rateLimit('session', sessionId()), [{ limit: 10, windowMs: TTL_MS }]),
  [`response:, a body of ${BODY.length} bytes and 10 fields of ${fieldBytes}`]: (store) =>
    store.set(
      keys.response('records', sessionId()),
      encodeStoredForm({ kind: 'response', response }),
      TTL_MS,
    ),
};

try {
  const server = await startStoreServer(processes, directory);
  const client = new Redis(server.url);
  const store = createValkeyStore({ url: server.url });
  await store.ping();
  console.log('| entry | MEMORY USAGE | share of the server’s memory |\n| --- | --- | --- |');
  for (const [name, write] of Object.entries(entries)) {
    const before = await usedMemory(client);
    const keysBefore = new Set(await client.keys('*'));
    for (let i = 0; i < ENTRIES; i += BATCH)
      await Promise.all(Array.from({ length: BATCH }, () => write(store)));
    const written = (await client.keys('*')).filter((key) => !keysBefore.has(key));
    const usage = await client.memory('USAGE', written[0], 'SAMPLES', '0');
    const share = ((await usedMemory(client)) - before) / written.length;
    console.log(`| ${name} | ${usage} | ${share.toFixed(0)} |`);
  }
  await store.close();
  client.disconnect();
  server.close();
} finally {
  await processes.stop();
  await rm(directory, { recursive: true, force: true });
}

async function usedMemory(client) {
  return Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))[1]);
}
