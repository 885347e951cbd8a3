import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CachegateError } from '../errors.ts';
import { createFaultyStore, type FaultyStore } from '../testing/faulty-store.ts';
import { createMemoryStore } from './memory/memory-store.ts';
import { createResilientStore } from './resilience/resilient-store.ts';
import { type FillPlan, type FillStart, startFill } from './start-fill.ts';

const BASE = 'session:a';

let store: FaultyStore;
let failures: unknown[];
const ends: FillStart<string>[] = [];
beforeEach(() => {
  store = createFaultyStore(createMemoryStore({ maxBytes: 1_000_000 }));
  failures = [];
});
afterEach(async () => {
  for (const start of ends.splice(0)) if (start.kind === 'begun') start.lease?.end();
  await store.close();
  vi.useRealTimers();
});

async function look(): Promise<string | null> {
  const [value] = await store.get([BASE]);
  return value?.bytes.toString() ?? null;
}

async function start(plan: Partial<FillPlan<string>> = {}): Promise<FillStart<string>> {
  const onFailure = (error: unknown) => failures.push(error);
  const begun = await startFill({
    ...{ store, base: BASE, leaseName: () => 'all', whenTaken: 5_000, look, onFailure },
    ...plan,
  });
  ends.push(begun);
  return begun;
}

const write = (value: string) => store.set(BASE, Buffer.from(value), 60_000, { group: BASE });

describe('a fill', () => {
  it('is begun by the first, with a fence that stands until the group is dropped', async () => {
    const begun = await start();
    if (begun.kind !== 'begun') expect.unreachable();
    const { fence } = begun;
    const set = () => store.set(BASE, Buffer.from('x'), 60_000, { group: BASE, fence: fence! });
    expect([begun.barredMs, await set()]).toEqual([0, true]);
    await store.drop([BASE]);
    expect(await set()).toBe(false);
  });

  it('is found done by who waited for it', async () => {
    const first = await start();
    const second = start();
    await write('done');
    if (first.kind === 'begun') first.lease!.end();
    expect(await second).toEqual({ kind: 'found', value: 'done', waited: true });
  });

  it('takes the lease that it is found to need while it begins', async () => {
    const first = await start({ leaseName: () => 'variant' });
    let name = 'all';
    const second = start({
      leaseName: () => name,
      look: () => {
        name = 'variant';
        return look();
      },
    });
    await new Promise((turn) => setImmediate(turn));
    await write('done');
    if (first.kind === 'begun') first.lease!.end();
    expect(await second).toEqual({ kind: 'found', value: 'done', waited: true });
    // The one that it took first is nobody's any more.
    expect((await store.begin(BASE, { name: 'all', holder: 'x', ttlMs: 1_000 })).lease?.kind).toBe('held');
  });

  it('keeps a lease where what it needs never comes to rest', async () => {
    let names = 0;
    const begun = await start({ leaseName: () => `${names++}` });
    expect(begun).toMatchObject({ kind: 'begun', lease: expect.anything() });
    expect(names).toBeLessThan(10);
  });

  it('is left to others when it is not known whether it was begun', async () => {
    const resilient = createResilientStore(store, { deadlineMs: 20 });
    store.delay(200);
    const lost = await start({ store: resilient });
    expect(lost).toMatchObject({ kind: 'begun', fence: null, lease: null });
    store.heal();
    await vi.waitFor(() => expect(store.calls.end).toBe(1));
    await vi.waitFor(async () => {
      const { lease } = await store.begin(BASE, { name: 'all', holder: 'other', ttlMs: 60_000 });
      expect(lease?.kind).toBe('held');
    }, 1_000);
    await resilient.close();
  });

  it('is left to others when the store is back, if it was away at the end', async () => {
    const first = await start();
    store.fail(new CachegateError('ERR_STORE_CIRCUIT_OPEN', 'Store unavailable'), ['end']);
    if (first.kind === 'begun') first.lease!.end();
    await vi.waitFor(() => expect(store.calls.end).toBeGreaterThan(1), 2_000);
    store.heal();
    await vi.waitFor(async () => {
      const { lease } = await store.begin(BASE, { name: 'all', holder: 'other', ttlMs: 60_000 });
      expect(lease?.kind).toBe('held');
    }, 2_000);
  });

  it('is found done by who came late, and nobody has the lease then', async () => {
    await write('done');
    expect(await start()).toEqual({ kind: 'found', value: 'done', waited: false });
    await store.delete([BASE]);
    expect(await start()).toMatchObject({ kind: 'begun', lease: {} });
  });

  it('is begun by the next when the one before ended in vain', async () => {
    const first = await start();
    const second = start();
    if (first.kind === 'begun') first.lease!.end();
    expect(await second).toMatchObject({ kind: 'begun', lease: {} });
  });

  it('is begun by all at once when the one before found that nobody is to wait', async () => {
    const first = await start();
    const others = [start(), start()];
    if (first.kind === 'begun') first.lease!.end(1_000);
    for (const each of await Promise.all(others)) {
      if (each.kind !== 'begun') expect.unreachable();
      expect([each.lease, each.fence]).toEqual([null, expect.any(String)]);
      expect(each.barredMs).toBeGreaterThan(900);
    }
  });

  it.each([0, 20])('is begun after %i ms of waiting in vain', async (whenTaken) => {
    await start();
    expect(await start({ whenTaken })).toMatchObject({
      kind: 'begun',
      lease: null,
      fence: expect.any(String),
    });
  });

  it('is left to another where nobody waits', async () => {
    const first = await start();
    const left = await start({ whenTaken: 'leave' });
    if (left.kind !== 'left') expect.unreachable();
    if (first.kind === 'begun') first.lease!.end();
    await left.over;
  });

  it('of another name goes on at once, and so does one that asks for none', async () => {
    await start();
    expect(await start({ leaseName: () => 'other' })).toMatchObject({ kind: 'begun', lease: {} });
    expect(await start({ leaseName: () => null })).toMatchObject({ kind: 'begun', lease: null });
  });

  it('may find out what it is about while it waits', async () => {
    const first = await start();
    let name = 'all';
    const second = start({
      leaseName: () => name,
      look: () => {
        name = 'variant';
        return null;
      },
    });
    await store.set(`{${BASE}}:x`, Buffer.from('x'), 1_000);
    if (first.kind === 'begun') first.lease!.end();
    const third = await start();
    expect([(await second).kind, third.kind]).toEqual(['begun', 'begun']);
  });

  it('stores nothing when the store fails', async () => {
    store.fail(new Error('away'));
    expect(await start()).toEqual({ kind: 'begun', fence: null, lease: null, barredMs: 0 });
    expect(failures).toEqual([new Error('away')]);
  });

  it('is given up when its signal says so, waiting or not', async () => {
    await start();
    const leaving = new AbortController();
    const waiting = start({ signal: leaving.signal });
    const early = start({ signal: AbortSignal.abort(new Error('early')) });
    leaving.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
    await expect(early).rejects.toThrow('early');
  });
});

describe('a lease', () => {
  it('is renewed while it is held', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const begun = await start();
    await vi.advanceTimersByTimeAsync(3_100);
    expect(store.calls.renew).toBe(2);
    if (begun.kind === 'begun') begun.lease!.end();
    await vi.advanceTimersByTimeAsync(8_000);
    expect([store.calls.renew, store.calls.end]).toEqual([2, 1]);
  });

  it('is tried for again after a renewal failed, and not after it was lost', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    const begun = await start();
    store.fail(new Error('away'));
    await vi.advanceTimersByTimeAsync(3_100);
    expect(store.calls.renew).toBe(2);
    store.heal();
    await store.drop([BASE]);
    await vi.advanceTimersByTimeAsync(8_000);
    expect(store.calls.renew).toBe(3);
    if (begun.kind === 'begun') begun.lease!.end();
    expect(store.calls.end).toBe(0);
  });

  it('is ended once, whatever the store says to it', async () => {
    const begun = await start();
    store.fail(new Error('away'));
    if (begun.kind !== 'begun') expect.unreachable();
    begun.lease!.end();
    begun.lease!.end(1_000);
    expect(store.calls.end).toBe(1);
  });
});
