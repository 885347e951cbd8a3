import { Agent, request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type RunningProxy, startProxy } from '../support/proxy.ts';
import { PATIENT } from '../support/ranged-origin.ts';

// No answer crosses clients: each gets the cookie, the private fields and the content that the origin made for it, also
// where many ask at the same time.

let proxy: RunningProxy;
let agent: Agent;
beforeEach(() => {
  // Each client has a connection of its own.
  agent = new Agent({ connections: null, pipelining: 1 });
});
afterEach(async () => {
  await agent.destroy();
  await proxy.close();
});

const CLIENTS = 30;

async function ask(client: string, headers: Record<string, string> = {}) {
  const answer = await request(proxy.url, { headers: { 'X-Client': client, ...headers }, dispatcher: agent });
  const { 'set-cookie': cookie, 'x-user': user, 'cache-status': by } = answer.headers;
  return { client, cookie: cookie?.toString(), user, by: String(by), body: await answer.body.text() };
}

/** Many clients at once; the origin answers all that it is asked when the first have been waiting for a while. */
async function crowd(headers: (client: string) => Record<string, string> = () => ({})) {
  const clients = Array.from({ length: CLIENTS }, (_, i) => `c${i}`);
  return Promise.all(clients.map((client) => ask(client, headers(client))));
}

/** An origin that makes everything for its client, after a turn in which others can come to wait. */
async function start(fields: (client: string) => Record<string, string | string[]>): Promise<void> {
  proxy = await startProxy((asked, response) => {
    const client = String(asked.headers['x-client']);
    setTimeout(() => response.writeHead(200, fields(client)).end(`for ${client}`), 20);
  });
}

describe('clients who ask at the same time', () => {
  it.each<[string, string]>([
    ['max-age=60', 'a lifetime'],
    ['public, max-age=60', 'public'],
    ['s-maxage=60', 's-maxage'],
    ['max-age=60, stale-while-revalidate=60', 'a stale window'],
  ])('get each their own answer where it sets a cookie: %s', async (control) => {
    await start((client) => ({ 'Cache-Control': control, 'Set-Cookie': `id=${client}` }));
    for (let round = 0; round < 2; round++) {
      for (const { client, cookie, body } of await crowd()) {
        expect([cookie, body]).toEqual([`id=${client}`, `for ${client}`]);
      }
    }
    expect(proxy.asked).toHaveLength(2 * CLIENTS);
  });

  it('get several cookies apart', async () => {
    await start((client) => ({
      'Cache-Control': 'max-age=60',
      'Set-Cookie': [`a=${client}`, `b=${client}`],
    }));
    for (const { client, cookie } of await crowd()) expect(cookie).toBe(`a=${client},b=${client}`);
  });

  it.each(['private, max-age=60', 'no-store', 'private="x-user", private, max-age=60'])(
    'get each their own answer with %s',
    async (control) => {
      await start((client) => ({ 'Cache-Control': control, 'X-User': client }));
      for (const { client, user, body } of await crowd()) {
        expect([user, body]).toEqual([client, `for ${client}`]);
      }
    },
  );

  it.each(['private', 'no-cache'])('share the rest where %s names what is their own', async (directive) => {
    await start((client) => ({
      'Cache-Control': `max-age=60, ${directive}="set-cookie, x-user"`,
      'Set-Cookie': `id=${client}`,
      'X-User': client,
    }));
    for (let round = 0; round < 2; round++) {
      for (const { client, cookie, user, by } of await crowd()) {
        const isOwn = by.includes('fwd=') && !by.includes('collapsed');
        expect([cookie, user], by).toEqual(isOwn ? [`id=${client}`, client] : [undefined, undefined]);
      }
    }
    expect(proxy.asked.length).toBeLessThan(CLIENTS);
  });

  it('get nobody’s answer to credentials but their own', async () => {
    await start(() => ({ 'Cache-Control': 'max-age=60' }));
    const authorized = (client: string) => ({ Authorization: `Bearer ${client}` });
    for (const { client, body } of await crowd(authorized)) expect(body).toBe(`for ${client}`);
    expect(proxy.asked).toHaveLength(CLIENTS);
  });

  it('get what their cookies select where the origin varies by them (RFC 9111 §4.1)', async () => {
    await start(() => ({ 'Cache-Control': 'max-age=60', Vary: 'Cookie' }));
    for (let round = 0; round < 2; round++) {
      const answers = await crowd((client) => ({ Cookie: `id=${client}` }));
      for (const { client, body } of answers) expect(body).toBe(`for ${client}`);
    }
    expect(proxy.asked.length).toBeLessThanOrEqual(2 * CLIENTS);
  });

  it('get their own cookie from a 304 that validates what all share', async () => {
    proxy = await startProxy((asked, response) => {
      const client = String(asked.headers['x-client']);
      const isKnown = asked.headers['if-none-match'] !== undefined;
      const fields = {
        'Cache-Control': 'max-age=0',
        ETag: '"1"',
        ...(isKnown && { 'Set-Cookie': `id=${client}` }),
      };
      setTimeout(() => response.writeHead(isKnown ? 304 : 200, fields).end(isKnown ? '' : 'shared'), 20);
    });
    await ask('first');
    await expect
      .poll(async () => (await ask('probe', { 'Cache-Control': 'only-if-cached, max-stale' })).body, PATIENT)
      .toBe('shared');
    for (let round = 0; round < 2; round++) {
      for (const { client, cookie, body } of await crowd()) {
        expect([body, cookie]).toEqual(['shared', `id=${client}`]);
      }
    }
    expect((await ask('late', { 'Cache-Control': 'only-if-cached, max-stale' })).cookie).toBeUndefined();
  });
});
