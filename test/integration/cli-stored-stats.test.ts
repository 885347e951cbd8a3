import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createStoreKeys } from '../../src/store/keys.ts';
import { createKvRestStore } from '../../src/store/kv-rest/kv-rest-store.ts';
import { type KvRestFront, startKvRestFront } from '../support/kv-rest-front.ts';
import { runCommand } from '../support/source-command.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

// What a function has counted, read from its KV service.

let folder: string;
let valkey: ValkeyServer;
let front: KvRestFront;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cachegate-stats-'));
  const services = 'services:\n  api: { path: /, origin: "http://127.0.0.1:9" }\n';
  await writeFile(join(folder, 'cachegate.yaml'), `namespace: shop\n${services}`);
  await writeFile(join(folder, 'alone.yaml'), `store: "memory:"\n${services}`);
  valkey = await startValkeyServer();
  front = await startKvRestFront(valkey.url);
  const store = createKvRestStore(front);
  const keys = createStoreKeys('shop', 'a-hash-key-of-the-test-0123456789');
  for (const [shard, counts] of [
    [0, { 'api:hits': 4, 'api:misses': 1 }],
    [7, { 'api:hits': 5 }],
  ] as const) {
    const batch = { source: `s${shard}`, sequence: 1, increments: new Map(Object.entries(counts)) };
    await store.add(keys.statistics(shard), batch, 60_000);
  }
  await store.close();
});
afterAll(async () => {
  await front.close();
  await valkey.stop();
  await rm(folder, { recursive: true });
});

const run = (args: readonly string[], token: object) =>
  runCommand(['stats', '--store', ...args], {
    cwd: folder,
    env: { KV_REST_API_URL: front.url, KV_REST_API_TOKEN: front.token, ...token },
  });

const COUNTED = { storage_type: 'kv-rest', hit_rate: 0.9, total_hits: 9, total_misses: 1 };

it('tells what all have counted, and what is stored', async () => {
  const { how, output, errors } = await run(['--json'], {});
  expect([how, errors]).toEqual([0, '']);
  expect(JSON.parse(output)).toMatchObject({ ...COUNTED, total_entries: 0 });
});

it('takes the token that only reads, and runs nothing that it may not', async () => {
  const token = { KV_REST_API_TOKEN: 'not-used', KV_REST_API_READ_ONLY_TOKEN: front.readOnlyToken };
  const { how, output, errors } = await run(['--json'], token);
  expect([how, errors]).toEqual([0, '']);
  expect(JSON.parse(output)).toMatchObject({ ...COUNTED, total_entries: null });
  expect((await run([], token)).output).toContain('Hit rate          90%');
});

it('says what to do where nothing is shared, and when the store is away', async () => {
  const alone = await run(['--config', 'alone.yaml'], {});
  expect([alone.how, alone.errors]).toEqual([
    expect.any(Number),
    expect.stringContaining('no other process shares'),
  ]);
  expect(alone.how).not.toBe(0);
  const gone = await startKvRestFront(valkey.url);
  await gone.close();
  const away = await run([], { KV_REST_API_URL: gone.url });
  expect([away.how === 0, away.errors]).toEqual([false, expect.stringContaining('Connection refused')]);
});

it('is asked for in the place of a server, not beside one', async () => {
  expect(await run(['--admin', 'http://127.0.0.1:9180'], {})).toEqual({
    ...{ how: 2, output: '' },
    errors: 'cachegate: --store, --admin: found both; accepted: one of them\n',
  });
});
