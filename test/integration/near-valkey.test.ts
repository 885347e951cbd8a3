import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'iovalkey';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createNearStore, type NearStore } from '../../src/store/near/near-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createValkeyStore } from '../../src/store/valkey/valkey-store.ts';
import { untilSo } from '../support/server-process.ts';
import type { ServerKind } from '../support/server-program.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

const KEY = 'response:{svc:a}';
const MINUTE = 60_000;
/** Longer than a cut or frozen connection is relied on. */
const COHERENT_MS = 1_000;

let server: ValkeyServer;
let other: Redis;
const closing: (() => Promise<unknown>)[] = [];

function withServer(kind: ServerKind): void {
  beforeAll(async () => {
    server = await startValkeyServer({ kind });
    other = new Redis(server.url, { retryStrategy: () => 50 });
    other.on('error', () => {});
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  afterAll(async () => {
    other.disconnect();
    await server.stop();
  });
}

async function openNear(url = server.url): Promise<NearStore> {
  const near = nearOn(createValkeyStore({ url }));
  await coherent(near);
  return near;
}

function nearOn(store: Store): NearStore {
  const near = createNearStore(store, {
    maxBytes: 1_000_000,
    maxAgeMs: 1_000,
    isNear: (key) => !key.startsWith('ratelimit:'),
  });
  closing.push(() => near.close());
  return near;
}

async function openProxy(): Promise<TcpProxy> {
  const proxy = await startTcpProxy(server);
  closing.push(() => proxy.close());
  return proxy;
}

const coherent = (near: NearStore) =>
  untilSo('Changes are heard', async () => near.coherentUntil(KEY)! > performance.now());
const write = (text: string) => other.set(KEY, text, 'PX', MINUTE);
const isNear = (near: NearStore) => near.copies().entries === 1;

/** What is answered at once, or `null` when the store has to be asked. */
function nearText(near: NearStore): string | null {
  const answer = near.get([KEY]);
  if (!(answer instanceof Promise)) return answer[0]!.bytes.toString();
  answer.catch(() => {});
  return null;
}

const text = async (near: NearStore) => (await near.get([KEY]))[0]?.bytes.toString();

/** Until a change that is made elsewhere is heard of. */
async function changeArrives(near: NearStore, change: () => Promise<unknown>): Promise<void> {
  const heard = new Promise<void>((resolve) => {
    const leave = near.listen({
      changed: () => {
        leave();
        resolve();
      },
      lost: () => {
        leave();
        resolve();
      },
    });
  });
  await change();
  await heard;
}

describe.each(['any', 'redis'] as const)('a near store on a server of kind "%s"', (kind) => {
  withServer(kind);

  it('answers at once what it has read, until another process writes', async () => {
    const near = await openNear();
    await write('old');
    expect(await text(near)).toBe('old');
    expect(nearText(near)).toBe('old');
    await changeArrives(near, () => write('new'));
    expect(await text(near)).toBe('new');
  });

  it.each([
    ['deletes it', () => other.del(KEY)],
    ['empties the server', () => other.flushall()],
    ['lets it expire earlier', () => other.pexpire(KEY, 1)],
  ])('forgets when another %s', async (_, change) => {
    const near = await openNear();
    await write('x');
    await text(near);
    await changeArrives(near, change);
    // The expiry is told twice: when it is set, and when it has come.
    await untilSo('It is gone', async () => (await text(near)) === undefined);
  });

  it('forgets what the server evicts', async () => {
    const near = await openNear();
    await write('x');
    await text(near);
    await changeArrives(near, async () => {
      await other.config('SET', 'maxmemory-policy', 'allkeys-lru');
      await other.config('SET', 'maxmemory', '1');
      await other.get('any');
    });
    await other.config('SET', 'maxmemory', '0');
    expect(await text(near)).toBeUndefined();
  });

  it('hears of a drop by another process, and of its own at once', async () => {
    const [one, two] = [await openNear(), await openNear()];
    const set = () => one.set(KEY, Buffer.from('x'), MINUTE, { group: KEY, tags: ['tag:{t}'] });
    await set();
    expect([await text(one), await text(two)]).toEqual(['x', 'x']);
    await one.drop([KEY]);
    expect(nearText(one)).toBeNull();
    await one.confirmed();
    expect(nearText(two)).toBeNull();
    await set();
    expect([await text(one), await text(two)]).toEqual(['x', 'x']);
    await two.dropTagged(['tag:{t}']);
    await two.confirmed();
    expect([nearText(one), nearText(two)]).toEqual([null, null]);
  });

  it('keeps nothing that was read before a change and arrives after it', async () => {
    const store = createValkeyStore({ url: server.url });
    let answered!: () => void;
    let release!: () => void;
    const serverAnswered = new Promise<void>((resolve) => {
      answered = resolve;
    });
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const near = nearOn({
      ...store,
      // The server's answer is on its way for longer than the word of the change.
      get: async (keys) => {
        const values = await store.get(keys);
        answered();
        await released;
        return values;
      },
    });
    await coherent(near);
    await write('old');
    const late = near.get([KEY]);
    await serverAnswered;
    await changeArrives(near, () => write('new'));
    release();
    expect((await late)[0]?.bytes.toString()).toBe('old');
    expect(await text(near)).toBe('new');
  });

  it('lets no late read in for all the writes of another', async () => {
    const near = await openNear();
    let newest = 0;
    let done = false;
    const writing = (async () => {
      for (; newest < 2_000; newest += 1) await write(String(newest + 1));
      done = true;
    })();
    while (!done) {
      await text(near);
      await new Promise(setImmediate);
    }
    await writing;
    await near.confirmed();
    expect(await text(near)).toBe('2000');
  });
});

describe('a near store on Valkey that can not be heard', () => {
  withServer('any');

  it('answers from no copy for longer than the deadline', async () => {
    const proxy = await openProxy();
    const near = await openNear(proxy.url);
    await write('old');
    await text(near);
    proxy.swallow();
    await write('new');
    await sleep(COHERENT_MS);
    expect(nearText(near)).toBeNull();
    proxy.heal();
    await coherent(near);
    expect(await text(near)).toBe('new');
  });

  it('answers from no copy when the connection that tracks was cut', async () => {
    const proxy = await openProxy();
    const near = await openNear(proxy.url);
    await write('old');
    await text(near);
    await changeArrives(near, async () => proxy.cut(({ names }) => names.includes('SUBSCRIBE')));
    await write('new');
    expect(await text(near)).toBe('new');
    await coherent(near);
    expect(await text(near)).toBe('new');
    expect(nearText(near)).toBe('new');
  });

  it('answers from no copy for long while the server is frozen, and goes on after it', async () => {
    const near = await openNear();
    await write('x');
    await text(near);
    server.freeze();
    await sleep(COHERENT_MS);
    const answer = near.get([KEY]);
    expect(answer).toBeInstanceOf(Promise);
    server.thaw();
    expect((await answer)[0]?.bytes.toString()).toBe('x');
    await coherent(near);
    await text(near);
    expect(nearText(near)).toBe('x');
  });

  it('is empty after a restart of the server', async () => {
    const own = await startValkeyServer();
    closing.push(() => own.stop());
    const near = await openNear(own.url);
    await near.set(KEY, Buffer.from('x'), MINUTE);
    await text(near);
    expect(isNear(near)).toBe(true);
    await changeArrives(near, () => own.restart());
    expect(isNear(near)).toBe(false);
    await coherent(near);
    expect(await text(near)).toBeUndefined();
  });

  it('has its drops confirmed when another hears nothing any more', async () => {
    const proxy = await openProxy();
    const [one, deaf] = [await openNear(), await openNear(proxy.url)];
    await one.set(KEY, Buffer.from('x'), MINUTE, { group: KEY });
    await text(deaf);
    proxy.swallow();
    await one.drop([KEY]);
    await one.confirmed();
    expect(nearText(deaf)).toBeNull();
  });
});
