import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createGate as createVercelGate } from '../../src/frameworks/vercel.ts';
import { createPlainLog } from '../../src/serverless/plain-log.ts';
import { startWorld } from '../support/behaviour-world.mjs';
import {
  compiledConfig,
  type FunctionGate,
  openFunctionGate,
  pageRequest,
} from '../support/function-gate.ts';
import { SAMPLE_SESSION } from '../support/gate.ts';
import { GATE_CASES } from '../support/gate-behaviour.mjs';
import { type KvRestFront, startKvRestFront } from '../support/kv-rest-front.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

const MOST_COLD = 6;

// The configured gate as a function, called as a platform calls it.

let world: Awaited<ReturnType<typeof startWorld>>;
let valkey: ValkeyServer;
let front: KvRestFront;
const gates: FunctionGate[] = [];

beforeAll(async () => {
  world = await startWorld();
  valkey = await startValkeyServer();
  front = await startKvRestFront(valkey.url);
});
afterEach(async () => {
  front.reset();
  await Promise.all(gates.splice(0).map((gate) => gate.close()));
});
afterAll(async () => {
  await Promise.all([front.close(), world.close()]);
  await valkey.stop();
});

async function open(env: Record<string, string> = {}, storeTimeoutMs = 250): Promise<FunctionGate> {
  const gate = await openFunctionGate({
    env: { ...world.env, ...env },
    change: (compiled) => ({ ...compiled, config: { ...compiled.config, store_timeout_ms: storeTimeoutMs } }),
  });
  gates.push(gate);
  return gate;
}

const onKv = (env: Record<string, string> = {}, storeTimeoutMs = 10_000) =>
  open({ KV_REST_API_URL: front.url, KV_REST_API_TOKEN: front.token, ...env }, storeTimeoutMs);
/** Waits no longer than a function does by default. */
const onFaultyKv = (env: Record<string, string> = {}) => onKv(env, 250);

describe.each(['memory', 'kv-rest'])('on %s', (store) => {
  it.each(Object.entries(GATE_CASES))('answers %s', async (_, run) => {
    const { fetch } = store === 'memory' ? await open() : await onKv();
    await run({ fetch, world });
  });
});

describe('a function without a store', () => {
  it('asks each time', async () => {
    const gate = await open({ CACHE_URL: 'none:' });
    for (const _ of [1, 2]) expect((await gate.fetch(pageRequest('load-none'))).status).toBe(200);
    expect(gate.logged('No store is configured')).toHaveLength(1);
  });
});

/** The answer, once it was read and all that follows it is done. */
async function ask(gate: FunctionGate, session: string, page?: string): Promise<Response> {
  const response = await gate.fetch(pageRequest(session, page));
  const body = await response.text();
  await gate.settled();
  return new Response(body, response);
}

const outcomeOf = (response: Response) => response.headers.get('cache-status');

describe('the commands of the KV service', () => {
  it('are few where session and response are stored, in one request', async () => {
    const [first, second] = [await onKv(), await onKv()];
    await ask(first, 'load-warm', '/warm');
    for (const gate of [first, second]) {
      front.reset();
      expect(outcomeOf(await ask(gate, 'load-warm', '/warm'))).toMatch(/^cachegate; hit/);
      expect(front.requests).toBe(1);
      expect(front.commands.length).toBeLessThanOrEqual(3);
    }
  });

  it('are few where nothing is stored', async () => {
    const gate = await onKv();
    await ask(gate, 'load-cold-0', '/cold/0');
    front.reset();
    expect(outcomeOf(await ask(gate, 'load-cold', '/cold'))).toMatch(/^cachegate; fwd=uri-miss/);
    expect(front.commands.length).toBeLessThanOrEqual(MOST_COLD);
  });

  it('have one more at times where statistics are shared', async () => {
    const gate = await onKv({ STATISTICS_STORAGE: 'redis' });
    for (let i = 0; i < 4; i += 1) await ask(gate, 'load-counted', '/counted');
    const other = await onKv({ STATISTICS_STORAGE: 'redis' });
    front.reset();
    await ask(other, 'load-counted', '/counted');
    const first = front.commands.length;
    front.reset();
    await ask(other, 'load-counted', '/counted');
    expect(front.commands.length).toBeLessThan(first);
    expect(front.commands.length).toBeLessThanOrEqual(3);
  });
});

describe('two instances on one KV service', () => {
  it('share sessions and responses, once what follows the answer is done', async () => {
    const [one, other] = [await onKv(), await onKv()];
    const before = [world.authority.counters.requests, world.airtable.counters.requests];
    await ask(one, 'load-shared', '/shared');
    expect(one.given).toBeGreaterThan(0);
    expect(outcomeOf(await ask(other, 'load-shared', '/shared'))).toMatch(/^cachegate; hit/);
    const after = [world.authority.counters.requests, world.airtable.counters.requests];
    expect(after).toEqual([before[0]! + 1, before[1]! + 1]);
  });

  it('count the requests of a session together, each of them exactly', async () => {
    const [one, other] = [await onKv(), await onKv()];
    const statusesOf = async (gate: FunctionGate, times: number) => {
      const statuses: number[] = [];
      for (let i = 0; i < times; i += 1) {
        statuses.push((await ask(gate, 'load-limited', '/limited')).status);
      }
      return statuses;
    };
    expect(await statusesOf(one, 1)).toEqual([200]);
    expect(await statusesOf(other, 10)).toEqual([...Array(9).fill(200), 429]);
    expect(await statusesOf(one, 1)).toEqual([429]);
  });
});

describe('a KV service that is away', () => {
  it.each<[string, Partial<KvRestFront['faults']>]>([
    ['refuses', { status: 500 }],
    ['lets nobody in', { status: 401 }],
    ['answers something else', { body: '<!doctype html>' }],
    ['cuts connections', { cut: 'before' }],
    ['cuts connections behind the command', { cut: 'after' }],
    ['hangs', { hang: true }],
    ['takes a second', { delayMs: 1_000 }],
  ])('%s: the gate goes on by validation and origin', async (name, faults) => {
    const gate = await onFaultyKv();
    Object.assign(front.faults, faults);
    for (let i = 0; i < 3; i += 1) {
      const response = await ask(gate, `load-${name.length}`, `/away/${name.length}`);
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ records: [] });
    }
    expect((await ask(gate, 'unknown-0123456789')).status).toBe(401);
    expect(gate.logged('Session cache error: ').length).toBeGreaterThan(0);
  });

  it('is no service at all', async () => {
    const gate = await onFaultyKv({ KV_REST_API_URL: 'http://127.0.0.1:9' });
    expect((await ask(gate, 'load-nowhere')).status).toBe(200);
    expect((await ask(gate, 'unknown-0123456789')).status).toBe(401);
  });

  it('is waited for once in a request', async () => {
    const gate = await onFaultyKv();
    front.faults.hang = true;
    expect((await gate.fetch(pageRequest('load-bounded', '/bounded'))).status).toBe(200);
    // All that was asked for by the time of the answer, together.
    expect(front.requests).toBe(1);
  });
});

describe('what follows an answer', () => {
  it('leaves no timer behind', async () => {
    const gate = await onKv({ STATISTICS_STORAGE: 'redis' });
    await ask(gate, 'load-before', '/before');
    const timers = watchTimers();
    try {
      await ask(gate, 'load-timers', '/timers');
      await ask(gate, 'load-timers', '/timers');
      expect(timers.pending()).toEqual([]);
    } finally {
      timers.stop();
    }
  });
});

describe('a client address', () => {
  it('has sixty unknown sessions in ten seconds, whatever others have', async () => {
    const gate = await open();
    const statusOf = async (peer: string, session: string) =>
      (await gate.fetch(pageRequest(session), { peer })).status;
    const statuses: number[] = [];
    for (let i = 0; i < 61; i += 1) statuses.push(await statusOf('192.0.2.8', `unknown-${i}-0123456789`));
    expect(statuses.slice(0, 60).every((status) => status === 401)).toBe(true);
    expect(statuses[60]).toBe(429);
    expect(await statusOf('192.0.2.9', 'unknown-0123456789')).toBe(401);
  });
});

describe('on Vercel', () => {
  const KEEPER = Symbol.for('@vercel/request-context');
  const kept = globalThis as Record<symbol, unknown>;
  afterEach(() => {
    delete kept[KEEPER];
  });

  it("what follows an answer goes to the runtime's waitUntil", async () => {
    const works: Promise<unknown>[] = [];
    kept[KEEPER] = { get: () => ({ waitUntil: (work: Promise<unknown>) => works.push(work) }) };
    const log = createPlainLog({ level: 'minimal', write: () => {} });
    const env = { ...world.env, VERCEL: '1', KV_REST_API_URL: front.url, KV_REST_API_TOKEN: front.token };
    const [one, other] = await Promise.all(
      [1, 2].map(async () => createVercelGate(await compiledConfig(), { env, log })),
    );
    await (await one!.fetch(pageRequest('load-vercel', '/vercel'))).text();
    await Promise.all(works);
    expect(works.length).toBeGreaterThan(0);
    const { GET } = other!.handlers;
    expect(outcomeOf(await GET(pageRequest('load-vercel', '/vercel'), {}))).toMatch(/^cachegate; hit/);
    await Promise.all([one!.close(), other!.close()]);
  });
});

describe('the log', () => {
  const SHOWN = `session:${SAMPLE_SESSION.slice(0, 8)}`;

  it('has the lines of a miss, a validation, a write and a hit', async () => {
    const gate = await open();
    await (await gate.fetch(pageRequest(SAMPLE_SESSION))).text();
    await gate.settled();
    await gate.fetch(pageRequest(SAMPLE_SESSION));
    const lines = gate.log.filter(({ msg }) => msg.includes('ession')).map(({ msg }) => msg);
    expect(lines).toEqual([
      `Session cache miss for ${SHOWN}, validating with Wagtail`,
      expect.stringMatching(new RegExp(`^Wagtail validation for ${SHOWN}: valid \\(\\d+ms\\)$`)),
      expect.stringMatching(new RegExp(`^Session validation result cached for ${SHOWN} \\(\\d+ms\\)$`)),
      expect.stringMatching(new RegExp(`^Session cache hit for ${SHOWN} \\(\\d+ms\\)$`)),
    ]);
    expect(gate.logged('Session cache hit')[0]).toMatchObject({
      ...{ level: 30, name: 'cachegate', operation: 'hit', sessionId: SAMPLE_SESSION.slice(0, 8) },
      duration: expect.any(Number),
    });
  });

  it('says what the store failed with', async () => {
    const gate = await onFaultyKv();
    front.faults.hang = true;
    expect((await gate.fetch(pageRequest(SAMPLE_SESSION))).status).toBe(200);
    expect(gate.logged('Session cache error: Connection timeout')[0]).toMatchObject({
      ...{ level: 50, operation: 'error', failedOperation: 'read', errorType: 'ERR_STORE_TIMEOUT' },
      sessionId: SAMPLE_SESSION.slice(0, 8),
    });
  });
});

describe('the start', () => {
  it('says what is wrong, a line for each fault, and answers 500', async () => {
    const gate = await open({ WAGTAIL_API_URL: 'nowhere', SESSION_CACHE_TTL: '0', AIRTABLE_API_KEY: '' });
    const answers = await Promise.all([1, 2].map(() => gate.fetch(pageRequest('load-faults'))));
    for (const answer of answers) {
      expect(answer.status).toBe(500);
      expect(await answer.json()).toEqual({ error: 'Internal server error' });
    }
    const lines = gate.log.map(({ msg }) => msg);
    expect(lines).toHaveLength(3);
    for (const name of ['WAGTAIL_API_URL', 'SESSION_CACHE_TTL', 'AIRTABLE_API_KEY']) {
      expect(lines.find((line) => line.includes(name))).toMatch(/accepted: /);
    }
  });
});

/** Timers that cachegate has set since and that are neither over nor cleared. */
function watchTimers() {
  const { setTimeout, setInterval, clearTimeout, clearInterval } = globalThis;
  const pending = new Map<unknown, string>();
  const note = (set: typeof setTimeout | typeof setInterval, isOver: boolean) =>
    ((call: (...args: unknown[]) => void, ms: number, ...args: unknown[]) => {
      const timer = set(() => {
        if (isOver) pending.delete(timer);
        call(...args);
      }, ms);
      const place = new Error().stack?.split('\n')[2] ?? '';
      if (place.includes('/src/')) pending.set(timer, `${ms} ms, set ${place.trim()}`);
      return timer;
    }) as never;
  const forget = (clear: typeof clearTimeout) => (timer: NodeJS.Timeout) => {
    pending.delete(timer);
    clear(timer);
  };
  globalThis.setTimeout = note(setTimeout, true);
  globalThis.setInterval = note(setInterval, false);
  globalThis.clearTimeout = forget(clearTimeout) as never;
  globalThis.clearInterval = forget(clearInterval) as never;
  return {
    pending: () => [...pending.values()],
    stop: () => void Object.assign(globalThis, { setTimeout, setInterval, clearTimeout, clearInterval }),
  };
}
