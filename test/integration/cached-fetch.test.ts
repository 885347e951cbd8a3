import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock as clock } from '../../src/clock.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { createResilientStore } from '../../src/store/resilience/resilient-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createValkeyStore } from '../../src/store/valkey/valkey-store.ts';
import { createFaultyStore } from '../../src/testing/faulty-store.ts';
import {
  createFetchParts,
  type FetchParts,
  KEYS,
  outcomeOf,
  type SimpleOrigin,
  serviceAt,
  startOrigin,
} from '../support/cached-fetch.ts';
import { PATIENT } from '../support/ranged-origin.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

const FRESH = { 'Cache-Control': 'max-age=60' };
const MEMORY = { maxBytes: 64 * 1024 * 1024, clock };

let origin: SimpleOrigin;
/** How the origin answers, once it may. */
let answer: (response: ServerResponse) => void;
/** And before all of a request for `/now` has arrived. */
let answerAtOnce: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
let may: Promise<void>;
let open: () => void;
const opened: FetchParts[] = [];

beforeEach(async () => {
  may = Promise.resolve();
  open = () => {};
  answer = (response) => void response.writeHead(200, FRESH).end(`answer ${origin.asked.length}`);
  origin = await startOrigin((request, response) => {
    if (request.url === '/now') void answerAtOnce(request, response);
    else void may.then(() => answer(response));
  });
});
afterEach(async () => {
  open();
  for (const { settle } of opened) await settle();
  for (const { store } of opened.splice(0)) await store.close();
  await origin.close();
});

/** From now on the origin answers nobody until `open` is called. */
function shut(): void {
  may = new Promise((resolve) => {
    open = resolve;
  });
}

function start(
  store: Store = createMemoryStore(MEMORY),
  change: Parameters<typeof serviceAt>[1] = {},
): FetchParts {
  const parts = createFetchParts([serviceAt(origin.url, change)], { store });
  opened.push(parts);
  return parts;
}

const textOf = async (asking: Promise<Response>) => (await asking).text();
const many = <T>(count: number, ask: (i: number) => T) => Array.from({ length: count }, (_, i) => ask(i));

describe('the cached fetch', () => {
  it('asks the origin once for 50 at once', async () => {
    const { fetch } = start();
    shut();
    const asking = many(50, () => textOf(fetch(`${origin.url}/cold`)));
    await expect.poll(() => origin.asked.length, PATIENT).toBe(1);
    open();
    expect(new Set(await Promise.all(asking))).toEqual(new Set(['answer 1']));
    expect(origin.asked).toHaveLength(1);
  });

  it('answers with what is stale while it asks anew', async () => {
    const { fetch, settle } = start();
    const stale = { 'Cache-Control': 'max-age=0, stale-while-revalidate=60' };
    answer = (response) => void response.writeHead(200, stale).end(`answer ${origin.asked.length}`);
    await textOf(fetch(`${origin.url}/a`));
    await settle();
    shut();
    const response = await fetch(`${origin.url}/a`);
    expect([await response.text(), outcomeOf(response)]).toEqual(['answer 1', 'hit']);
    answer = (each) => void each.writeHead(200, FRESH).end('new');
    open();
    await settle();
    expect(await textOf(fetch(`${origin.url}/a`))).toBe('new');
    expect(origin.asked).toHaveLength(2);
  });

  it('is asked by all that a signal ends, and no others', async () => {
    const { fetch, settle } = start();
    shut();
    const leaving = new AbortController();
    const { signal } = leaving;
    const left = many(12, () => fetch(`${origin.url}/a`, { signal }).catch((reason: unknown) => reason));
    const staying = textOf(fetch(`${origin.url}/a`));
    await expect.poll(() => origin.asked.length, PATIENT).toBe(1);
    const reason = new Error('gone');
    leaving.abort(reason);
    // While the origin has said nothing yet.
    expect(new Set(await Promise.all(left))).toEqual(new Set([reason]));
    await expect(fetch(`${origin.url}/a`, { signal })).rejects.toBe(reason);
    open();
    expect(await staying).toBe('answer 1');
    await settle();
    expect(outcomeOf(await fetch(`${origin.url}/a`))).toBe('hit');
  });

  it('lets go of the origin when nobody is left', async () => {
    const { fetch, failures } = start();
    shut();
    const leaving = new AbortController();
    const asking = fetch(`${origin.url}/a`, { signal: leaving.signal });
    await expect.poll(() => origin.asked.length, PATIENT).toBe(1);
    leaving.abort();
    await expect(asking).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(() => origin.requests[0]!.socket.destroyed, PATIENT).toBe(true);
    expect(failures).toEqual([]);
  });

  it('ends a content that is on its way with its signal', async () => {
    const { fetch } = start();
    answer = (response) => void response.writeHead(200, FRESH).write('some');
    const leaving = new AbortController();
    const response = await fetch(`${origin.url}/a`, { signal: leaving.signal });
    const reader = response.body!.getReader();
    expect(Buffer.from((await reader.read()).value!).toString()).toBe('some');
    const rest = reader.read();
    leaving.abort();
    await expect(rest).rejects.toMatchObject({ name: 'AbortError' });
    await expect.poll(() => origin.requests[0]!.socket.destroyed, PATIENT).toBe(true);
  });

  it('has nothing to read of a 204, which is for who comes next all the same', async () => {
    const { fetch } = start();
    answer = (response) => void response.writeHead(204, FRESH).end();
    for (let i = 0; i < 3; i++) {
      const response = await fetch(`${origin.url}/a`);
      expect([response.status, response.body]).toEqual([204, null]);
    }
    expect(origin.asked).toHaveLength(1);
  });

  it('leaves nothing to who asks at the same moment', async () => {
    const { fetch } = start();
    answer = (response) => {
      response.writeHead(200, { ...FRESH, 'Content-Length': 4 }).write('so');
      if (origin.asked.length > 1) response.end('me');
    };
    const leaving = new AbortController();
    const response = await fetch(`${origin.url}/a`, { signal: leaving.signal });
    await response.body!.getReader().read();
    leaving.abort();
    expect(await (await fetch(`${origin.url}/a`)).text()).toBe('some');
    expect(origin.asked).toHaveLength(2);
  });

  it('lets go of what is dropped unread', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const { fetch } = start(undefined, { maxBodyBytes: 100 });
    answer = (response) => void response.writeHead(200, FRESH).write('x'.repeat(1_000));
    expect((await fetch(`${origin.url}/a`)).status).toBe(200);
    await expect
      .poll(() => {
        collect();
        return origin.requests[0]!.socket.destroyed;
      }, PATIENT)
      .toBe(true);
  });
});

const MIB = 1024 * 1024;
const PIECE = Buffer.alloc(64 * 1024, 'x');

describe('a content without end', () => {
  /** Sends as much as the connection takes; tells how much that was. */
  function pour(response: ServerResponse, bytes: number): { written: number } {
    const state = { written: 0 };
    function* pieces() {
      while (state.written < bytes) {
        state.written += PIECE.length;
        yield PIECE;
      }
    }
    Readable.from(pieces()).pipe(response);
    return state;
  }

  it.each([
    ['that may be stored but is too long', FRESH],
    ['that is nobody else’s', { 'Cache-Control': 'no-store' }],
  ])('%s passes through in pieces, at the pace of its reader', async (_, fields) => {
    const { fetch } = start(undefined, { maxBodyBytes: MIB });
    let poured = { written: 0 };
    answer = (response) => {
      poured = pour(response.writeHead(200, fields), 96 * MIB);
    };
    const response = await fetch(`${origin.url}/long`);
    let read = 0;
    let ahead = 0;
    for await (const piece of response.body!) {
      read += piece.length;
      ahead = Math.max(ahead, poured.written - read);
    }
    expect(read).toBe(96 * MIB);
    // What sockets, and streams between them, hold.
    expect(ahead).toBeLessThan(32 * MIB);
  });

  it('goes up in pieces too', async () => {
    const { fetch } = start();
    let received = 0;
    answerAtOnce = async (request, response) => {
      for await (const piece of request) received += (piece as Buffer).length;
      response.end('done');
    };
    let sent = 0;
    let ahead = 0;
    async function* pieces() {
      while (sent < 32 * MIB) {
        yield PIECE;
        sent += PIECE.length;
        ahead = Math.max(ahead, sent - received);
        // The receiver is in this process too.
        await turn();
      }
    }
    const body = ReadableStream.from(pieces());
    expect(await textOf(fetch(`${origin.url}/now`, { method: 'PUT', body, duplex: 'half' }))).toBe('done');
    expect(received).toBe(32 * MIB);
    expect(ahead).toBeLessThan(24 * MIB);
  });
});

describe('two applications on one Valkey', () => {
  let valkey: ValkeyServer;
  let one: FetchParts;
  let two: FetchParts;
  beforeEach(async () => {
    valkey = await startValkeyServer();
    const connect = async () => {
      const store = createValkeyStore({ url: valkey.url });
      await store.ping();
      // One that is away is not waited for; a busy machine is.
      return createResilientStore(store, { deadlineMs: 5_000 });
    };
    one = start(await connect(), { tags: ['all'] });
    two = start(await connect());
  });
  afterEach(() => valkey.stop());

  it('share what either has stored', async () => {
    await textOf(one.fetch(`${origin.url}/a`));
    await one.settle();
    const response = await two.fetch(`${origin.url}/a`);
    expect([await response.text(), outcomeOf(response)]).toEqual(['answer 1', 'hit']);
  });

  it('ask the origin once', async () => {
    shut();
    const asking = [one, two].flatMap(({ fetch }) => many(25, () => textOf(fetch(`${origin.url}/cold`))));
    await expect.poll(() => origin.asked.length, PATIENT).toBe(1);
    open();
    expect(new Set(await Promise.all(asking))).toEqual(new Set(['answer 1']));
    expect(origin.asked).toHaveLength(1);
  });

  it('answer with nothing that was purged by a tag, or changed by the other', async () => {
    answer = (response) =>
      void response.writeHead(200, { ...FRESH, 'Cache-Tag': 'news' }).end(`answer ${origin.asked.length}`);
    const both = async () => {
      const first = await textOf(one.fetch(`${origin.url}/a`));
      await one.settle();
      return [first, await textOf(two.fetch(`${origin.url}/a`))];
    };
    expect(await both()).toEqual(['answer 1', 'answer 1']);
    expect(await two.store.dropTagged([KEYS.tag('news'), KEYS.tag('all')])).toBe(1);
    expect(await both()).toEqual(['answer 2', 'answer 2']);
    await textOf(two.fetch(`${origin.url}/a`, { method: 'POST', body: 'x' }));
    expect(await both()).toEqual(['answer 4', 'answer 4']);
  });

  it('go on without it', async () => {
    await textOf(one.fetch(`${origin.url}/a`));
    await one.settle();
    await valkey.kill();
    const asking = many(10, () => textOf(two.fetch(`${origin.url}/a`)));
    expect(new Set(await Promise.all(asking))).toEqual(new Set(['answer 2']));
    await valkey.restart();
    await expect
      .poll(async () => {
        const response = await one.fetch(`${origin.url}/a`);
        await response.text();
        return outcomeOf(response);
      }, PATIENT)
      .toBe('hit');
    expect([...one.failures, ...two.failures]).toEqual([]);
  });
});

describe('a store that fails', () => {
  it.each(['hangs', 'fails'])('and %s is no failure of a request', async (how) => {
    const faulty = createFaultyStore(createMemoryStore(MEMORY));
    const { fetch, failures } = start(createResilientStore(faulty, { deadlineMs: 50 }));
    if (how === 'hangs') faulty.hang();
    else faulty.fail(new Error('broken'));
    expect(await Promise.all(many(5, (i) => textOf(fetch(`${origin.url}/${i}`))))).toHaveLength(5);
    expect((await fetch(`${origin.url}/x`, { method: 'POST', body: 'y' })).status).toBe(200);
    expect(failures).toEqual([]);
    faulty.heal();
  });
});
