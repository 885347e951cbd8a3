import { expect, it } from 'vitest';
import { createBackground } from '../background.ts';
import { CachegateError } from '../errors.ts';
import { createLog } from '../observe/log.ts';
import { createStoreKeys } from '../store/keys.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import { createFaultyStore } from '../testing/faulty-store.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import { wireFunctions } from './wire-functions.ts';

it('counts calls as look-ups of values, and tells what went wrong', async () => {
  const clock = createManualClock();
  const store = createFaultyStore(createMemoryStore({ maxBytes: 1_000_000, clock }));
  const background = createBackground(100, () => {});
  const told: string[] = [];
  const observer = {
    valueLookedUp: (name: string, hit: boolean) => void told.push(`${name} ${hit}`),
    storeFailed: (part: string, operation: string, error: CachegateError) => {
      told.push(`${part} ${operation} ${error.code}`);
    },
  };
  const destination = { write: (line: string) => void told.push((JSON.parse(line) as { msg: string }).msg) };
  const log = createLog({ level: 'aggregate', destination });
  const cached = wireFunctions({ clock, keys: createStoreKeys('', ''), background, observer }, store, log);

  class Point {}
  const answers: unknown[] = [1, new Point()];
  const fn = cached(async (_id: number) => answers.shift(), { name: 'f', ttl: 60, statistics: true });
  await fn(1);
  await background.settle(1_000);
  await fn(1);
  await fn(2);
  store.fail(new CachegateError('ERR_STORE_UNAVAILABLE', 'Connection refused'));
  await fn(3);
  expect(told).toEqual([
    ...['f false', 'f true', 'f false'],
    "Cached function f: A result can't be stored: it is an object of the class Point",
    ...['value cache read ERR_STORE_UNAVAILABLE', 'f false'],
  ]);
});
