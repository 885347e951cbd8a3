import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, expect, it } from 'vitest';
import type { RestCommand } from './rest-command.ts';
import { createRestReads, type RestReads } from './rest-reads.ts';

let asked: string[];
let reads: RestReads;
beforeEach(() => {
  asked = [];
  const run = async (command: RestCommand) => {
    asked.push(command.name);
    return command.name === 'mget' ? command.keys.map(() => null) : 'OK';
  };
  const queue = { run, atEndOfTurn: (contribute: () => void) => void setImmediate(contribute), flush() {} };
  reads = createRestReads(queue, { lifetimeOf: async () => 60_000 }, { now: () => 0 });
});

it('answers who asks upon what was told, and says how old that is', async () => {
  reads.know('{a}', 'text', 17);
  reads.know('{b}', null, 18);
  const expected = [{ bytes: Buffer.from('text'), expiresInMs: 60_000, askedAt: 17 }, null];
  expect(await reads.get(['{a}', '{b}'])).toEqual(expected);
  expect(asked).toEqual([]);
});

it('asks for whoever comes later, also in the same turn', async () => {
  // A server that was busy hears the store, and then a request that was sent when its value had been purged.
  const later = new Promise((resolve) => {
    void Promise.resolve().then(() => {
      reads.know('{a}', 'purged', 17);
      process.nextTick(() => resolve(reads.get(['{a}'])));
    });
  });
  expect(await later).toEqual([null]);
  expect(asked).toEqual(['mget']);
});

it('forgets what may have changed', async () => {
  reads.know('{a}', 'old', 17);
  reads.forget('{a}');
  expect(await reads.get(['{a}'])).toEqual([null]);
  reads.know('{a}', 'old', 18);
  reads.forgetAll();
  expect(await reads.get(['{a}'])).toEqual([null]);
  await nextTurn();
});
