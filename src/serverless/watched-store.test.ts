import { describe, expect, it } from 'vitest';
import { CachegateError } from '../errors.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import { createFaultyStore } from '../testing/faulty-store.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import { watchStore } from './watched-store.ts';

const LEASE = { name: 'fill', holder: 'me', ttlMs: 1_000 };

function setUp() {
  const faulty = createFaultyStore(createMemoryStore({ maxBytes: 100_000, clock: createManualClock() }));
  return { faulty, ...watchStore(faulty) };
}

describe('a watched store', () => {
  it('knows what is under way', async () => {
    const { faulty, store, underWay } = setUp();
    await store.set('a', Buffer.from('1'), 1_000);
    expect(underWay()).toBeNull();
    faulty.delay(1);
    const setting = store.set('a', Buffer.from('2'), 1_000);
    const ending = store.end('a', LEASE);
    expect(underWay()).not.toBeNull();
    await underWay();
    expect(underWay()).toBeNull();
    expect(await setting).toBe(true);
    await ending;
    expect((await store.get(['a']))[0]!.bytes.toString()).toBe('2');
  });

  it('passes failures on, but for a lease that runs out by itself', async () => {
    const { faulty, store, underWay } = setUp();
    faulty.fail(new CachegateError('ERR_STORE_UNAVAILABLE', 'away'));
    const failing = Promise.resolve()
      .then(() => store.get(['a']))
      .catch((error: Error) => error.message);
    expect(await failing).toBe('away');
    await store.end('a', LEASE);
    expect(underWay()).toBeNull();
  });
});
