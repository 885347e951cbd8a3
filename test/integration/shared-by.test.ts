import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type GatedSite,
  type NotingServer,
  startGatedSite,
  startIdentityAuthority,
  startNotingServer,
} from '../support/gated-site.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

let valkey: ValkeyServer;
let authority: Awaited<ReturnType<typeof startIdentityAuthority>>;
let origin: NotingServer;
let site: GatedSite;

beforeAll(async () => {
  valkey = await startValkeyServer();
});
afterAll(() => valkey.stop());
beforeEach(async () => {
  authority = await startIdentityAuthority();
  origin = await startNotingServer((request, response) => {
    const fields = { 'Cache-Control': 'max-age=600', Vary: 'Accept-Language' };
    if (request.method === 'PUT') response.writeHead(204).end();
    else response.writeHead(200, fields).end(`answer ${origin.asked.length}`);
  });
});
afterEach(async () => {
  await site.close();
  await Promise.all([authority.close(), origin.close()]);
});

const [ANN, BOB, CEM, DOT] = ['session-of-ann', 'session-of-bob', 'session-of-cem', 'session-of-dot'];
const SPLITS = ['role', 'session'] as const;
const STORES = ['memory:', 'valkey'] as const;
let started = 0;

async function start(
  sharedBy: 'all' | 'role' | 'session',
  store: (typeof STORES)[number] = 'memory:',
): Promise<void> {
  started += 1;
  site = await startGatedSite(
    {
      api: {
        origin: origin.url,
        session: {
          ...{ authority: 'http', url: authority.url },
          identity: { user: 'json:/me/name', roles: 'json:/roles' },
        },
        rate_limit: { session: 'off', address: 'off' },
        cache: { shared_by: sharedBy, methods: ['POST'] },
      },
    },
    {
      namespace: `n${started}`,
      purge: { token: 'a-token-of-16-characters' },
      store: store === 'memory:' ? store : valkey.url,
    },
  );
}

const ask = async (session: string, path = '/api/a', options = {}) => {
  const response = await site.ask(path, { session, ...options });
  expect(response.status).toBe(200);
  return response.text();
};
const askAll = async (path?: string, options = {}) => {
  const answers: string[] = [];
  for (const session of [ANN, BOB, CEM, DOT]) answers.push(await ask(session!, path, options));
  return answers;
};
/** Asks until every answer comes from the store. */
const settled = () =>
  expect
    .poll(async () => {
      const before = origin.asked.length;
      await askAll();
      return origin.asked.length - before;
    })
    .toBe(0);

describe.each(STORES)('on %s, stored responses', (store) => {
  it('are everyone’s', async () => {
    await start('all', store);
    expect(new Set(await askAll()).size).toBe(1);
  });

  it('are of those with the same roles, in whatever order', async () => {
    await start('role', store);
    const [ann, bob, cem, dot] = await askAll();
    expect(bob).toBe(ann);
    expect(new Set([ann, cem, dot]).size).toBe(3);
    await settled();
    expect(await askAll()).toEqual([ann, bob, cem, dot]);
  });

  it('are of one session', async () => {
    await start('session', store);
    const answers = await askAll();
    expect(new Set(answers).size).toBe(4);
    await settled();
    expect(await askAll()).toEqual(answers);
    const head = await site.ask('/api/a', { session: ANN!, method: 'HEAD' });
    expect(head.headers.get('cache-status')).toContain('hit');
  });
});

describe.each(SPLITS)('responses that are shared by %s', (sharedBy) => {
  it('keep their variants and contents apart', async () => {
    await start(sharedBy);
    const german = { headers: { 'Accept-Language': 'de' } };
    const posted = { method: 'POST', body: 'content' };
    const answers = [await ask(ANN!), await ask(ANN!, '/api/a', german), await ask(ANN!, '/api/a', posted)];
    expect(new Set([...answers, ...(await askAll('/api/a', posted)).slice(2)]).size).toBe(5);
    await settled();
    expect([await ask(ANN!), await ask(ANN!, '/api/a', german), await ask(ANN!, '/api/a', posted)]).toEqual(
      answers,
    );
  });

  it.each(STORES)('are all purged with their URL (%s)', async (store) => {
    await start(sharedBy, store);
    const before = await askAll();
    const posted = await ask(ANN!, '/api/a', { method: 'POST', body: 'content' });
    await settled();
    const purge = await fetch(`${site.url}/api/a`, {
      method: 'PURGE',
      headers: { Authorization: 'Bearer a-token-of-16-characters', 'Purge-Wait': 'true' },
    });
    expect(purge.status).toBe(200);
    const after = await askAll();
    for (const answer of before) expect(after).not.toContain(answer);
    expect(await ask(ANN!, '/api/a', { method: 'POST', body: 'content' })).not.toBe(posted);
  });

  it.each(STORES)('are all invalid after an unsafe request (%s)', async (store) => {
    await start(sharedBy, store);
    const before = await askAll();
    await settled();
    expect((await site.ask('/api/a', { session: DOT!, method: 'PUT', body: 'new' })).status).toBe(204);
    const after = await askAll();
    for (const answer of before) expect(after).not.toContain(answer);
  });
});

it.each(['all', ...SPLITS] as const)(
  'a request after a change waits for nothing older while the store is away (shared by %s)',
  async (sharedBy) => {
    const held: (() => void)[] = [];
    let state = 'first';
    await origin.close();
    origin = await startNotingServer((request, response) => {
      if (request.method === 'PUT') {
        state = 'changed';
        response.writeHead(204).end();
        return;
      }
      const body = state;
      const answer = () => response.writeHead(200, { 'Cache-Control': 'max-age=600' }).end(body);
      if (state === 'first') held.push(answer);
      else answer();
    });
    const own = await startValkeyServer();
    site = await startGatedSite(
      {
        api: {
          origin: origin.url,
          session: {
            ...{ authority: 'http', url: authority.url },
            identity: { user: 'json:/me/name', roles: 'json:/roles' },
          },
          rate_limit: { session: 'off', address: 'off' },
          cache: { shared_by: sharedBy },
        },
      },
      { store: own.url },
    );
    await own.stop();
    const before = ask(ANN!);
    await expect.poll(() => held.length).toBe(1);
    await site.ask('/api/a', { session: ANN!, method: 'PUT', body: 'new' });
    expect(await ask(ANN!)).toBe('changed');
    for (const answer of held) answer();
    expect(await before).toBe('first');
  },
);
