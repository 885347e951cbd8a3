import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import { createFaultyStore } from './faulty-store.ts';
import { createManualClock } from './manual-clock.ts';
import { storeContract } from './store-contract.ts';

const create = () => createFaultyStore(createMemoryStore({ maxBytes: 2 ** 20 }));

describe('faulty store, sound: the contract', () => {
  for (const { name, run } of storeContract) {
    it(name, () => {
      const clock = createManualClock();
      const sound = () => createFaultyStore(createMemoryStore({ maxBytes: 2 ** 27, clock }));
      return run({ create: sound, advance: clock.advance });
    });
  }
});

describe('createFaultyStore', () => {
  it('counts calls, those that fail included', async () => {
    const store = create();
    store.get(['a']);
    store.fail(new Error('broken'));
    await expect(store.get(['a'])).rejects.toThrow('broken');
    await expect(store.ping()).rejects.toThrow('broken');
    expect(store.calls).toMatchObject({ get: 2, set: 0, ping: 1 });
  });

  it('hangs until it is healed, then carries out what hung', async () => {
    const store = create();
    store.hang();
    const written = store.set('a', Buffer.from('x'), 60_000);
    store.heal();
    expect(await written).toBe(true);
    expect(store.get(['a'])).toMatchObject([{ bytes: Buffer.from('x') }]);
  });

  it('carries calls out late when told to', async () => {
    const store = create();
    store.delay(1);
    const late = store.set('a', Buffer.from('x'), 60_000);
    store.heal();
    expect(store.get(['a'])).toEqual([null]);
    expect(await late).toBe(true);
  });
});
