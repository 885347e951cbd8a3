import type { IncomingMessage, ServerResponse } from 'node:http';
import { Agent, type Dispatcher, request } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock as clock } from '../../src/clock.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { createResilientStore } from '../../src/store/resilience/resilient-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createFaultyStore, type FaultyStore } from '../../src/testing/faulty-store.ts';
import { type SimpleOrigin, serviceAt, startOrigin } from '../support/cached-fetch.ts';
import { createInterceptedParts, type InterceptedParts } from '../support/intercepted.ts';
import { PATIENT } from '../support/ranged-origin.ts';

// What goes wrong in the cache is never a request's failure, and what breaks off at an origin is never stored.

const FRESH = { 'Cache-Control': 'max-age=60' };
const STORE_MS = 100;

let origin: SimpleOrigin;
let answer: (response: ServerResponse, request: IncomingMessage) => void;
let store: FaultyStore;
let parts: InterceptedParts;
let agent: Dispatcher;

beforeEach(async () => {
  answer = (response) => void response.writeHead(200, FRESH).end(`answer ${origin.asked.length}`);
  origin = await startOrigin((asked, response) => answer(response, asked));
  store = createFaultyStore(createMemoryStore({ maxBytes: 16 * 1024 * 1024, clock }));
  lead(createResilientStore(store, { deadlineMs: STORE_MS }));
});
afterEach(async () => {
  store.heal();
  await agent.destroy();
  await parts.settle();
  await origin.close();
});

function lead(through: Store): void {
  parts = createInterceptedParts([serviceAt(origin.url)], through);
  agent = new Agent().compose(parts.interceptor);
}

async function get(target = '/a', options: object = {}) {
  const { statusCode, headers, body } = await request(origin.url + target, { dispatcher: agent, ...options });
  return {
    status: statusCode,
    by: String(headers['cache-status']).split(';')[1]?.trim(),
    content: await body.text(),
  };
}

describe('a store', () => {
  it('that is away costs the cache, and no request', async () => {
    store.fail(new Error('gone'));
    for (let i = 1; i <= 3; i++) expect(await get()).toMatchObject({ status: 200, content: `answer ${i}` });
    expect(await get('/a', { method: 'POST', body: 'x' })).toMatchObject({ content: 'answer 4' });
    store.heal();
  });

  it('that is frozen is waited for no longer than its deadline', async () => {
    store.hang();
    const asking = Array.from({ length: 20 }, (_, i) => get(`/${i}`));
    for (const { status } of await Promise.all(asking)) expect(status).toBe(200);
    expect(await get('/a', { method: 'DELETE' })).toMatchObject({ status: 200 });
  });

  it('that goes away in the middle of a content costs nothing of it', async () => {
    let more = () => {};
    answer = (response) => {
      response.writeHead(200, FRESH).write('begun ');
      more = () => void response.end('and ended');
    };
    const { body } = await request(`${origin.url}/a`, { dispatcher: agent });
    store.fail(new Error('gone'));
    more();
    expect(await body.text()).toBe('begun and ended');
  });

  it('that holds what nobody has written is not believed', async () => {
    const sound = createMemoryStore({ maxBytes: 16 * 1024 * 1024, clock });
    const garbage = Buffer.from([1, 0xff, 0, 0x7b, 0x22]);
    const poisoned = new Proxy(sound, {
      get(target, name) {
        if (name === 'get') {
          return (keys: readonly string[]) =>
            keys.map(() => ({ bytes: garbage, expiresInMs: 60_000, version: '1' }));
        }
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    lead(poisoned);
    for (let i = 1; i <= 2; i++) expect(await get()).toMatchObject({ status: 200, content: `answer ${i}` });
  });

  it('that breaks its own contract is a fault that is told of, and no request’s', async () => {
    const broken = {
      get bytes(): Buffer {
        throw new Error('no bytes');
      },
    };
    const readBroken = () => [broken];
    lead(new Proxy(store, { get: (on, name) => (name === 'get' ? readBroken : Reflect.get(on, name, on)) }));
    expect(await get()).toMatchObject({ status: 200, content: 'answer 1' });
    expect(parts.failures).toHaveLength(1);
  });
});

describe('an origin', () => {
  it('that breaks off in the middle of a content breaks it off for all, and nothing is stored', async () => {
    let cut = () => {};
    answer = (response, { socket }) => {
      response.writeHead(200, { ...FRESH, 'Content-Length': 100 }).write('some of it');
      cut = () => socket.destroy();
    };
    const asking = Array.from({ length: 5 }, async () => {
      const { body } = await request(`${origin.url}/cut`, { dispatcher: agent });
      const pieces = body[Symbol.asyncIterator]();
      return { pieces, first: String((await pieces.next()).value) };
    });
    const begun = await Promise.all(asking);
    expect(begun.map(({ first }) => first)).toEqual(Array(5).fill('some of it'));
    expect(origin.asked).toHaveLength(1);
    cut();
    for (const { pieces } of begun)
      await expect(pieces.next()).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
    await parts.settle();
    const whole = get('/cut');
    await expect.poll(() => origin.asked.length, PATIENT).toBe(2);
    cut();
    await expect(whole).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
  });

  it('that breaks off is asked again by undici’s own means alone', async () => {
    answer = (_, { socket }) => socket.destroy();
    await expect(get()).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
    await expect(get('/a', { method: 'POST', body: 'x' })).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
    expect(origin.asked).toEqual(['GET /a', 'POST /a <x>']);
  });

  it('that fails leaves what is stale to stand in', async () => {
    answer = (response) =>
      void response.writeHead(200, { 'Cache-Control': 'max-age=0, stale-if-error=60' }).end('stale');
    await get();
    await parts.settle();
    answer = (_, { socket }) => socket.destroy();
    expect(await get()).toMatchObject({ status: 200, content: 'stale', by: 'fwd=stale' });
  });
});
