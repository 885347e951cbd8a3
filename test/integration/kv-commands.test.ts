import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Redis } from 'iovalkey';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createBackground } from '../../src/background.ts';
import { createStoreKeys } from '../../src/store/keys.ts';
import { createKvRestStore } from '../../src/store/kv-rest/kv-rest-store.ts';
import { createValueCache } from '../../src/value-cache/create-value-cache.ts';
import {
  type KvGate,
  type KvWorld,
  openKvGate,
  startCookieAuthority,
  startPageOrigin,
} from '../support/kv-gate.ts';
import { type KvRestFront, startKvRestFront } from '../support/kv-rest-front.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

// What things cost on a KV service, whose plans are paid by the command: the table of docs/store.md.

/** Requests, commands, and commands with those inside scripts. */
type Cost = readonly [requests: number, commands: number, inside: number];

const COSTS: Readonly<Record<string, Cost>> = {
  'session and response are stored': [1, 2, 6],
  'the same, past its limit (429)': [1, 2, 5],
  'the response is stored, and stale: validated behind the answer': [3, 4, 25],
  'only the session is stored': [3, 4, 25],
  'only the response is stored': [4, 6, 25],
  'nothing is stored': [5, 6, 41],
  'a session that the authority refuses': [4, 5, 23],
  'a logout': [3, 3, 13],
  'a `POST` that changes a stored page': [2, 3, 11],
  'a value: found': [1, 1, 1],
  'a value: made and stored': [3, 3, 26],
};

const TABLE = resolve(import.meta.dirname, '../../docs/store.md');

let valkey: ValkeyServer;
let watcher: Redis;
let front: KvRestFront;
let world: KvWorld;
let gate: KvGate;

beforeAll(async () => {
  valkey = await startValkeyServer();
  watcher = new Redis(valkey.url);
  front = await startKvRestFront(valkey.url);
  world = { front, origin: await startPageOrigin(), authority: await startCookieAuthority() };
  // Scripts go with their texts once, and never again.
  gate = openKvGate(world);
  await gate.ask('/page', 'first');
  await gate.ask('/logout', 'first', { method: 'POST' });
  await gate.close();
});
afterAll(async () => {
  await Promise.all([front.close(), world.origin.close(), world.authority.close(), watcher.quit()]);
  await valkey.stop();
});
beforeEach(async () => {
  await watcher.flushall();
  gate = openKvGate(world);
});
afterEach(() => gate.close());

/** What something costs; a command's name is in the statistics of the server once for each time that it was called. */
async function costOf(act: () => Promise<unknown>): Promise<Cost> {
  await watcher.config('RESETSTAT');
  front.reset();
  await act();
  const statistics = await watcher.info('commandstats');
  const calls = [...statistics.matchAll(/^cmdstat_(?!info|config)[^:]+:calls=(\d+)/gm)];
  return [front.requests, front.commands.length, calls.reduce((sum, [, count]) => sum + Number(count), 0)];
}

/** @param outcome of the request, to be sure that it was what it is called */
async function expectCost(name: string, outcome: RegExp, act: () => Promise<string>): Promise<void> {
  let answer = '';
  const cost = await costOf(async () => {
    answer = await act();
  });
  expect(answer).toMatch(outcome);
  expect({ [name]: cost }).toEqual({ [name]: COSTS[name] });
}

describe('a request of a gate costs, where', () => {
  it('all is stored, one request, also in another instance', async () => {
    await gate.ask('/page', 'ann');
    const hit = /^200 cachegate; hit/;
    await expectCost('session and response are stored', hit, () => gate.ask('/page', 'ann'));
    await gate.close();
    gate = openKvGate(world);
    await expectCost('session and response are stored', hit, () => gate.ask('/page', 'ann'));
    await expectCost('the same, past its limit (429)', /^429/, () => gate.ask('/page', 'ann'));
  });

  it('a stored response is stale', async () => {
    await gate.ask('/stale', 'ann');
    const name = 'the response is stored, and stale: validated behind the answer';
    await expectCost(name, /^200 cachegate; hit; ttl=-/, () => gate.ask('/stale', 'ann'));
  });

  it('only the session or only the response is stored', async () => {
    await gate.ask('/page', 'ann');
    const missed = /^200 cachegate; fwd=uri-miss; fwd-status=200; stored/;
    await expectCost('only the session is stored', missed, () => gate.ask('/another', 'ann'));
    await expectCost('only the response is stored', /^200 cachegate; hit/, () => gate.ask('/page', 'bob'));
  });

  it('nothing is stored', async () => {
    const missed = /^200 cachegate; fwd=uri-miss; fwd-status=200; stored/;
    await expectCost('nothing is stored', missed, () => gate.ask('/page', 'ann'));
    await expectCost('a session that the authority refuses', /^401/, () => gate.ask('/page', 'invented'));
  });

  it('a session ends', async () => {
    await gate.ask('/page', 'ann');
    await expectCost('a logout', /^204/, () => gate.ask('/logout', 'ann', { method: 'POST' }));
  });

  it('a page is changed', async () => {
    await gate.ask('/page', 'ann');
    const changed = /^200 cachegate; fwd=method/;
    const name = 'a `POST` that changes a stored page';
    await expectCost(name, changed, () => gate.ask('/page', 'ann', { method: 'POST' }));
  });
});

it('a cached value costs', async () => {
  const store = createKvRestStore(front);
  const background = createBackground(10, () => {});
  const keys = createStoreKeys('', 'the-hash-key-of-the-test');
  const values = createValueCache({ store, keys, background, observer: {} });
  const remember = async (made: number) => {
    const value = await values.remember('key', { ttlSeconds: 60, tags: ['tag'] }, async () => made);
    await background.settle(1_000);
    return String(value);
  };
  await expectCost('a value: made and stored', /^1$/, () => remember(1));
  await expectCost('a value: found', /^1$/, () => remember(2));
  await store.close();
});

it('is what the documentation says', async () => {
  const lines = (await readFile(TABLE, 'utf8')).split('\n').map((line) => line.replace(/\s+/g, ' '));
  const rows = Object.entries(COSTS).map(([name, cost]) => `| ${[name, ...cost].join(' | ')} |`);
  expect(rows.filter((row) => !lines.includes(row))).toEqual([]);
});
