import { Client } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Gate, startGate, withoutLimits } from '../support/gate.ts';
import { type RunningProxy, startProxy } from '../support/proxy.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

const together = (count: number, ask: (i: number) => Promise<Response>) =>
  Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const response = await ask(i);
      return { status: response.status, text: await response.text() };
    }),
  );

describe('simultaneous requests', () => {
  let gate: Gate;
  let valkey: ValkeyServer | null = null;
  afterEach(async () => {
    await gate.close();
    await valkey?.stop();
    valkey = null;
  });

  it.each(['memory', 'Valkey'])(
    '200 with one unknown session cost one validation and one fetch, on %s',
    async (store) => {
      valkey = store === 'memory' ? null : await startValkeyServer();
      gate = await startGate({
        delayMs: 150,
        // Hundreds of requests in the process of the test may well take longer than a store's usual deadline.
        change: (config) => ({ ...withoutLimits(config), store_timeout_ms: 10_000 }),
        env: valkey === null ? {} : { CACHE_URL: valkey.url },
      });
      const answers = await together(200, () => gate.ask());
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect(gate.authority.counters.requests).toBe(1);
      expect(gate.origin.counters.requests).toBe(1);
      await gate.ask();
      expect(gate.authority.counters.requests).toBe(1);
      expect(gate.origin.counters.requests).toBe(1);
    },
  );

  it('with one refused session share the refusal', async () => {
    gate = await startGate({ delayMs: 100, change: withoutLimits });
    const answers = await together(50, () => gate.ask({ session: 'unknown-0123456789' }));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    expect(gate.authority.counters.requests).toBe(1);
  });

  it('go to the origin themselves when the shared fetch failed', async () => {
    gate = await startGate({ delayMs: 50, change: withoutLimits });
    gate.origin.behaviour.fault = 500;
    const answers = await together(5, () => gate.ask());
    expect(answers.map(({ status }) => status)).toEqual([502, 502, 502, 502, 502]);
    expect(gate.origin.counters.requests).toBe(5);
  });

  it('outlive the one that began: the first client may leave', async () => {
    gate = await startGate({ delayMs: 150, change: withoutLimits });
    await gate.ask({ page: '/' });
    const leaving = new AbortController();
    const first = gate.ask({ signal: leaving.signal }).catch(() => 'left');
    await expect.poll(() => gate.origin.counters.requests).toBe(2);
    const second = gate.ask();
    await expect.poll(() => gate.logged('Session cache hit').length).toBe(2);
    leaving.abort();
    expect(await first).toBe('left');
    expect((await second).status).toBe(200);
    expect(gate.origin.counters.requests).toBe(2);
  });
});

const CLIENTS = 250;
const LATER = 20;
const PATIENCE = { timeout: 15_000 };

/** A request at the origin, and the way to answer it. */
interface Asked {
  readonly client: string;
  answer(fields: Record<string, string>, status?: number): void;
}

const OWN_ANSWERS: [string, (client: string) => Record<string, string>, number?][] = [
  ['private', () => ({ 'Cache-Control': 'private, max-age=60' })],
  ['no-store', () => ({ 'Cache-Control': 'no-store' })],
  ['Set-Cookie', (client) => ({ 'Cache-Control': 'max-age=60', 'Set-Cookie': `id=${client}` })],
  ['status 500', () => ({}), 500],
  ['no-cache and a validator', (client) => ({ 'Cache-Control': 'no-cache', ETag: `"${client}"` })],
  ['another variant for each', () => ({ 'Cache-Control': 'max-age=60', Vary: 'Client' })],
];

describe.each([
  { store: 'memory', ownAnswers: OWN_ANSWERS },
  { store: 'Valkey', ownAnswers: OWN_ANSWERS.slice(0, 1) },
])(`${CLIENTS} connections that ask at once, on $store`, ({ store, ownAnswers }) => {
  let valkey: ValkeyServer | null = null;
  let proxy: RunningProxy;
  let clients: Client[];
  let asked: Asked[];

  beforeEach(async () => {
    asked = [];
    valkey = store === 'memory' ? null : await startValkeyServer();
    proxy = await startProxy(
      ({ url, headers }, response) => {
        if (url === '/open') return void response.writeHead(200, { 'Cache-Control': 'no-store' }).end();
        const client = String(headers.client);
        const body = `for ${client}`;
        asked.push({
          client,
          answer: (fields, status = 200) =>
            void response.writeHead(status, { 'Content-Length': body.length, ...fields }).end(body),
        });
      },
      (config) => ({ ...config, store: valkey?.url ?? 'memory:', store_timeout_ms: 10_000 }),
    );
    clients = Array.from({ length: CLIENTS }, () => new Client(proxy.url));
    await Promise.all(clients.map((client) => get(client, '/open')));
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.destroy()));
    await proxy.close();
    await valkey?.stop();
  });

  async function get(client: Client, path: string, name = '') {
    const response = await client.request({ method: 'GET', path, headers: { Client: name } });
    const { statusCode: status, headers } = response;
    return { status, headers, body: await response.body.text(), name };
  }
  const ask = (count: number, prefix = 'client') =>
    clients.slice(0, count).map((client, i) => get(client, '/cold', `${prefix} ${i}`));
  const askedBy = (count: number) => expect.poll(() => asked.length, PATIENCE).toBe(count);
  /** What was sent before this has arrived after it. */
  async function arrived(): Promise<void> {
    const client = new Client(proxy.url);
    for (let i = 0; i < 5; i++) await get(client, '/open');
    await client.close();
  }

  it('are all answered by one response', async () => {
    const answers = ask(CLIENTS);
    await askedBy(1);
    await arrived();
    asked[0]!.answer({ 'Cache-Control': 'max-age=60' });
    const received = await Promise.all(answers);
    expect(new Set(received.map(({ status, body }) => `${status} ${body}`)).size).toBe(1);
    const collapsed = received.filter(({ headers }) =>
      String(headers['cache-status']).includes('; collapsed'),
    );
    expect(collapsed).toHaveLength(CLIENTS - 1);
    expect(asked).toHaveLength(1);
  });

  it.each(ownAnswers)('wait for no second answer after one with %s', async (_, fieldsFor, status = 200) => {
    const answers = ask(CLIENTS);
    await askedBy(1);
    await arrived();
    expect(asked).toHaveLength(1);
    const answerOne = (each: Asked) => each.answer(fieldsFor(each.client), status);
    answerOne(asked[0]!);
    // None but the first is answered before all have come.
    await askedBy(CLIENTS);
    for (const each of asked.slice(1).reverse()) answerOne(each);
    for (const { name, ...received } of await Promise.all(answers)) {
      expect(received).toMatchObject({ status, body: `for ${name}` });
      if (fieldsFor('')['Set-Cookie'] !== undefined)
        expect(received.headers['set-cookie']).toBe(`id=${name}`);
    }
    const later = ask(LATER, 'later');
    await askedBy(CLIENTS + LATER);
    for (const each of asked.slice(CLIENTS)) answerOne(each);
    for (const { name, body } of await Promise.all(later)) expect(body).toBe(`for ${name}`);
  });
});
