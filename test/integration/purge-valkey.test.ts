import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type PurgedGate, type PurgedSite, startPurgedSite } from '../support/purged-site.ts';
import { PATIENT } from '../support/ranged-origin.ts';
import { startValkeyCluster } from '../support/valkey-cluster.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

// Two gates that share a store: what one purges, the other does not answer with.

let site: PurgedSite;
let one: PurgedGate;
let other: PurgedGate;

let sites = 0;
async function startSite(store: string): Promise<void> {
  site = await startPurgedSite({ gates: 2, settings: { store, namespace: `site-${++sites}` } });
  [one, other] = site.gates as [PurgedGate, PurgedGate];
  site.fields.set('/a', { 'Cache-Tag': 'news, sport', Vary: 'X-Kind' });
  site.fields.set('/b', { 'Surrogate-Key': 'news' });
}
afterEach(() => site.close());

const PURGES: [string, string, Record<string, string>][] = [
  ['its URL', '/a', {}],
  ['a tag', '/', { 'Cache-Tag': 'sport' }],
  ['two tags', '/', { 'Surrogate-Key': 'news sport' }],
  ['its service', '/', { 'Purge-Scope': 'service' }],
];

describe.each([
  ['Valkey', startValkeyServer],
  ['a Cluster', startValkeyCluster],
])('a purge on one gate, with %s', (_name, startStore) => {
  let store: { readonly url: string; stop(): Promise<void> };
  beforeAll(async () => {
    store = await startStore();
  }, 60_000);
  afterAll(() => store.stop());
  beforeEach(() => startSite(store.url));

  it.each(PURGES)('by %s, waited for, is one on the other', async (_, path, headers) => {
    await one.warm('/a');
    await other.warm('/a');
    expect(site.asked).toEqual(['GET /a']);
    const purged = { status: 200, body: { purged: 1 } };
    expect(await one.purge(path, { ...headers, 'Purge-Wait': 'true' })).toEqual(purged);
    expect(await other.get('/a')).toMatch(/^fwd=/);
    expect(site.asked).toHaveLength(2);
  });

  it.each(PURGES)('by %s, not waited for, is soon one on the other', async (_, path, headers) => {
    await other.warm('/a');
    expect(await one.purge(path, headers)).toMatchObject({ status: 200 });
    await expect.poll(() => other.get('/a'), PATIENT).toMatch(/^fwd=/);
  });

  it('takes all of a service and leaves what was not meant', async () => {
    const paths = Array.from({ length: 50 }, (_, i) => `/${i}`);
    await other.warm('/a', '/b', ...paths);
    const news = await one.purge('/', { 'Cache-Tag': 'news, sport', 'Purge-Wait': 'true' });
    expect(news.body).toEqual({ purged: 1 });
    for (const path of ['/b', ...paths]) expect(await other.get(path)).toBe('hit');
    const all = await one.purge('/', { 'Purge-Scope': 'service', 'Purge-Wait': 'true' });
    expect(all.body).toEqual({ purged: 51 });
    for (const path of ['/b', ...paths]) expect(await other.get(path)).toMatch(/^fwd=/);
  });

  it('that is soft leaves the other a stale response', async () => {
    await other.warm('/b');
    await one.purge('/b', { 'Purge-Mode': 'soft', 'Purge-Wait': 'true' });
    expect(await other.get('/b')).toBe('hit');
    await expect.poll(() => site.asked.length, PATIENT).toBe(2);
  });
});

describe('a purge while the store is away', () => {
  let valkey: ValkeyServer;
  beforeEach(async () => {
    valkey = await startValkeyServer();
    await startSite(valkey.url);
  });
  afterEach(() => valkey.stop());

  it('is no success, and is one when it is repeated', async () => {
    await one.warm('/a');
    valkey.freeze();
    expect(await one.purge('/a')).toEqual({ status: 503, body: { error: expect.any(String) } });
    expect((await one.purge('/', { 'Cache-Tag': 'news' })).status).toBe(503);
    expect((await one.purge('/', { 'Purge-Scope': 'service' })).status).toBe(503);
    await expect(one.server.purge({ url: '/a' })).rejects.toMatchObject({ code: 'ERR_PURGE_INCOMPLETE' });
    valkey.thaw();
    await expect.poll(async () => (await one.purge('/a')).status, PATIENT).toBe(200);
    expect(await one.get('/a')).not.toBe('hit');
    expect(one.log.filter(({ msg }) => msg.startsWith('Purge by URL /a (hard) failed'))).not.toEqual([]);
  });
});
