import { readFileSync } from 'node:fs';
import { Redis } from 'iovalkey';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStoreKeys } from '../../src/store/keys.ts';
import { createResilientStore } from '../../src/store/resilience/resilient-store.ts';
import { createValkeyStore } from '../../src/store/valkey/valkey-store.ts';
import { untilSo } from '../support/server-process.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

const MINUTE = 60_000;
const DOCS = readFileSync(new URL('../../docs/store.md', import.meta.url), 'utf8');
const COMMANDS = [.../ACL SETUSER cachegate ([^`]*)```/.exec(DOCS)![1]!.matchAll(/\S+/g)].map(
  ([word]) => word,
);
const isPattern = (word: string) => word.startsWith('~') || word.startsWith('&');
const NAMESPACED = [
  ...COMMANDS.filter((word) => !isPattern(word)),
  ...['~site-a:*', '~{site-a:*', '&__redis__:invalidate', '&site-a:heard:*'],
];

describe('the account that the documentation names', () => {
  let server: ValkeyServer;
  let admin: Redis;
  beforeAll(async () => {
    server = await startValkeyServer();
    admin = new Redis(server.url);
  });
  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  it.each([
    ['', COMMANDS],
    ['site-a', NAMESPACED],
  ])('is enough for all that the store does (namespace "%s")', async (namespace, words) => {
    await admin.call('ACL', 'SETUSER', 'cachegate', 'reset', ...words);
    await admin.call('ACL', 'LOG', 'RESET');
    const url = server.url.replace('//', '//cachegate:password@');
    const store = createResilientStore(createValkeyStore({ url, namespace }));
    const keys = createStoreKeys(namespace, 'secret');
    const base = keys.response('api', '/a');
    const session = keys.session('', 'abc');
    await store.ping();
    await untilSo('Changes are heard', async () => store.coherentUntil(base)! > performance.now());
    const { fence } = await store.begin(base, { name: 'a', holder: 'h', ttlMs: 1_000 });
    const tags = [keys.tag('t'), keys.serviceTag('api', base)];
    await store.set(base, Buffer.from('0123456789'), MINUTE, { group: base, fence, tags });
    await store.take(keys.rateLimit('api', 'session', 'abc'), [{ limit: 10, windowMs: MINUTE }]);
    const verdict = await store.begin(session);
    await store.set(session, Buffer.from('true'), MINUTE, { group: session, fence: verdict.fence });
    await store.drop([session]);
    for (const key of [keys.verdict('', 'abc'), keys.ownSession('abc'), keys.value('a'), keys.value('a b')]) {
      const begun = await store.begin(key);
      const options = {
        group: key,
        fence: begun.fence,
        tags: [keys.sessionTag('own', keys.ownSession('abc'))],
      };
      expect(await store.set(key, Buffer.from('one'), MINUTE, options)).toBe(true);
      const [one, two] = [Buffer.from('one'), Buffer.from('two')];
      expect(await store.replace(key, one, two, MINUTE, { group: key, tags: options.tags })).toBe(true);
      await store.drop([key]);
    }
    await store.set(keys.movedSession(keys.ownSession('abc')), Buffer.from('two'), MINUTE);
    const counts = { source: 'a', sequence: 1, increments: new Map([['api:hits', 3]]) };
    for (const key of [keys.statistics(3), keys.hot('2027031509')]) {
      await store.add(key, counts, MINUTE);
      expect(await store.counters([key])).toEqual([counts.increments]);
    }
    const job = keys.warm('a');
    const begun = await store.begin(job);
    const options = { group: job, fence: begun.fence, tags: [keys.warmTag()] };
    expect(await store.set(keys.warmPart(job, 'items', 0), Buffer.from('[]'), MINUTE, options)).toBe(true);
    const usage = await store.usage([...tags, keys.warmTag()], 100);
    expect(usage).toMatchObject({ entries: 3, limitBytes: null });
    expect(await store.dropTagged(tags, { markedAt: 1 })).toBe(1);
    expect(await store.dropTagged(tags)).toBe(1);
    await store.confirmed();
    expect(await admin.call('ACL', 'LOG')).toEqual([]);

    // A server that is full is probed beside what was asked for last, which is allowed if that was.
    await admin.config('SET', 'maxmemory', '1');
    await expect(store.set(base, Buffer.from('x'), MINUTE)).rejects.toMatchObject({
      code: 'ERR_STORE_UNWRITABLE',
    });
    expect(store.state).toBe('unwritable');
    await admin.config('SET', 'maxmemory', '0');
    await untilSo('It is written again', async () => store.state === 'available');
    await store.close();
    expect(await admin.call('ACL', 'LOG')).toEqual([]);
  });
});
