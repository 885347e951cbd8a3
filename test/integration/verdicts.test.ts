import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBackground } from '../../src/background.ts';
import type { Authority, Validation } from '../../src/session/authority.ts';
import { createSessionPresenter, type PresentedSession } from '../../src/session/presented-session.ts';
import { createValidationCache } from '../../src/session/validation-cache.ts';
import { createStoreKeys } from '../../src/store/keys.ts';
import { createLmdbStore } from '../../src/store/lmdb/lmdb-store.ts';
import { createNearStore } from '../../src/store/near/near-store.ts';
import { readOne } from '../../src/store/reading.ts';
import type { MaybePromise, Store } from '../../src/store/store.ts';
import { createValkeyStore } from '../../src/store/valkey/valkey-store.ts';
import { startValkeyCluster } from '../support/valkey-cluster.ts';
import { someValkey } from '../support/valkey-server.ts';

// What one process has found out of a session, and what others make of it.

const clock = { now: () => Date.now() };
const present = createSessionPresenter({
  ...{ service: 'api', authority: '', keys: createStoreKeys(`verdicts-${process.pid}`, 'secret') },
  ...{ idInKey: 'plain', withIdentity: true, forwards: true },
});

const setUps: Record<string, () => Promise<{ open(): MaybePromise<Store>; stop(): Promise<void> }>> = {
  async lmdb() {
    const path = mkdtempSync(join(tmpdir(), 'cachegate-lmdb-'));
    const stop = async () => rmSync(path, { recursive: true, force: true });
    return { open: () => createLmdbStore({ path }), stop };
  },
  async Valkey() {
    const { url, stop } = await someValkey();
    return { open: () => createValkeyStore({ url, namespace: `verdicts-${process.pid}` }), stop };
  },
  async 'a Cluster'() {
    const { url, stop } = await startValkeyCluster();
    return { open: () => createValkeyStore({ url, namespace: `verdicts-${process.pid}` }), stop };
  },
};

/** A process, as far as verdicts go: a store with copies, and an authority that answers when it is told to. */
function createProcess(backend: Store) {
  const store = createNearStore(backend, { maxBytes: 1 << 20, maxAgeMs: 50, isNear: () => true });
  const background = createBackground(100, () => {});
  const waiting: ((validation: Validation) => void)[] = [];
  const authority: Authority = {
    ...{ name: 'the authority', timeoutMs: 5_000, close: async () => {} },
    validate: () => new Promise((resolve) => waiting.push(resolve)),
  };
  const cache = createValidationCache<never>({
    ...{ authority, store, ttlMs: 60_000, withIdentity: true, clock, background, observer: {} },
  });
  const request = { correlationId: () => 'r1' };
  return {
    store,
    waiting,
    cache,
    validate: (session: PresentedSession) =>
      cache.validate(session, { ...request, payer: '', storeAway: false, spend: () => null }),
    recall: async (session: PresentedSession) =>
      cache.recall(session, await readOne(store, session.storeKey), 0, request),
    settle: () => background.settle(5_000),
  };
}

describe.each(Object.entries(setUps))('verdicts on %s', (_, setUp) => {
  let stop: () => Promise<void>;
  let here: ReturnType<typeof createProcess>;
  let there: ReturnType<typeof createProcess>;

  beforeAll(async () => {
    const { open, stop: end } = await setUp();
    stop = end;
    [here, there] = [createProcess(await open()), createProcess(await open())];
    await Promise.all([here.store.ping(), there.store.ping()]);
  }, 60_000);

  afterAll(async () => {
    await Promise.all([here.store.close(), there.store.close()]);
    await stop();
  });

  async function letIn(session: PresentedSession): Promise<void> {
    const judgement = here.validate(session);
    await expect.poll(() => here.waiting.length).toBe(1);
    here.waiting.shift()!({ verdict: 'valid', identity: { user: 'ada', roles: ['editor'] } });
    await judgement;
    await here.settle();
  }

  const known = { kind: 'valid', identity: { user: 'ada', roles: ['editor'] } };

  it('are known to every process, and to none once one has forgotten them', async () => {
    const sessions = [present('abc')!, present('abc', ['x-tenant', 'a'])!];
    const other = present('another')!;
    for (const session of [...sessions, other]) {
      await letIn(session);
      await expect.poll(() => there.recall(session)).toEqual(known);
    }
    await here.cache.forget(sessions[0]!);
    for (const process of [here, there]) {
      for (const session of sessions) expect(await process.recall(session)).toBeNull();
      expect(await process.recall(other)).toEqual(known);
    }
  });

  it('are asked for anew by whoever comes after one process has forgotten them', async () => {
    const flying = present('under-way')!;
    const before = there.validate(flying);
    await expect.poll(() => there.waiting.length).toBe(1);
    await here.cache.forget(flying);
    let after: Promise<unknown> | undefined;
    await expect
      .poll(() => {
        after = there.validate(flying);
        return there.waiting.length;
      })
      .toBeGreaterThan(1);
    there.waiting.shift()!({ verdict: 'valid', identity: { user: 'ada', roles: [] } });
    expect(await before).toMatchObject({ kind: 'valid' });
    for (const answer of there.waiting.splice(0)) answer({ verdict: 'invalid' });
    expect(await after).toEqual({ kind: 'invalid' });
    await there.settle();
    expect(await here.recall(flying)).toBeNull();
  });
});
