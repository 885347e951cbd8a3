import { once } from 'node:events';
import { get, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/schema.ts';
import { type RunningProxy, startProxy, withCache } from '../support/proxy.ts';

const MIB = 1024 * 1024;
const LIMIT = MIB;
const READERS = 6;
/** A prime number of bytes over and over, so that what is lost, doubled or moved shows. */
const BLOCK = Buffer.from(Array.from({ length: 65_521 }, (_, i) => (i * i) % 251));

let proxy: RunningProxy;
afterEach(() => proxy.close());

const limited = withCache({ max_body_bytes: LIMIT });
const stallingAfter =
  (ms: number) =>
  (config: Config): Config => {
    const service = limited(config).services.default!;
    return {
      ...config,
      services: { default: { ...service, timeouts: { ...service.timeouts, stall_ms: ms } } },
    };
  };

/** Sends a body of so many blocks as fast as it is taken. */
async function send(
  response: ServerResponse,
  blocks: number,
  fields: Record<string, string> = {},
): Promise<void> {
  response.writeHead(200, { 'Cache-Control': 'max-age=60', ...fields });
  const closed = once(response, 'close');
  for (let i = 0; i < blocks && !response.destroyed; i++) {
    if (!response.write(BLOCK)) await Promise.race([once(response, 'drain'), closed]);
  }
  response.end();
}

/** A reader of a body; `pause` is awaited after each chunk. */
class Reader {
  bytes = 0;
  intact = true;
  readonly done: Promise<'whole' | 'cut off'>;
  readonly #response: Promise<IncomingMessage>;

  constructor(path: string, pause: (reader: Reader) => Promise<unknown> | null = () => null) {
    this.#response = new Promise((resolve, reject) => {
      get(proxy.url + path, { agent: false }, resolve).on('error', reject);
    });
    this.done = this.#read(pause);
  }

  async #read(pause: (reader: Reader) => Promise<unknown> | null): Promise<'whole' | 'cut off'> {
    try {
      for await (const chunk of await this.#response) {
        this.#check(chunk as Buffer);
        await pause(this);
      }
      return 'whole';
    } catch {
      return 'cut off';
    }
  }

  #check(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      const from = this.bytes % BLOCK.length;
      const part = chunk.subarray(at, at + BLOCK.length - from);
      this.intact &&= part.equals(BLOCK.subarray(from, from + part.length));
      this.bytes += part.length;
      at += part.length;
    }
  }

  async leave(): Promise<void> {
    (await this.#response).destroy();
  }
}

const readers = () => Array.from({ length: READERS }, () => new Reader('/big'));

async function expectWhole(each: Reader, blocks: number): Promise<void> {
  expect(await each.done).toBe('whole');
  expect([each.bytes, each.intact]).toEqual([blocks * BLOCK.length, true]);
}

/** What was sent before this has arrived after it. */
async function arrived(): Promise<void> {
  for (let i = 0; i < 5; i++) await (await proxy.get('/small')).text();
}

/** Resolves when a number has stopped growing. */
async function settled(value: () => number): Promise<void> {
  for (let before = -1; value() !== before; await delay(20)) before = value();
}

describe('a body longer than what may be stored', () => {
  const BLOCKS = Math.ceil((24 * MIB) / BLOCK.length);
  const MANY_BLOCKS = Math.ceil((64 * MIB) / BLOCK.length);
  // The bound, what lies between, and what two kernels' buffers and three sockets take.
  const FAR_AHEAD = 32 * MIB;

  /** An origin whose big body begins when it is told to. */
  async function startOrigin(change = limited): Promise<ServerResponse[]> {
    const begun: ServerResponse[] = [];
    proxy = await startProxy(({ url }, response) => {
      if (url === '/small') response.writeHead(200, { 'Cache-Control': 'no-store' }).end();
      else begun.push(response);
    }, change);
    return begun;
  }

  it('is fetched by each reader where its length is known, and not stored', async () => {
    const length = String(BLOCKS * BLOCK.length);
    proxy = await startProxy(
      (_, response) => void send(response, BLOCKS, { 'Content-Length': length }),
      limited,
    );
    for (const each of readers()) await expectWhole(each, BLOCKS);
    expect(proxy.asked).toHaveLength(READERS);
    await expectWhole(new Reader('/big'), BLOCKS);
    expect(proxy.asked).toHaveLength(READERS + 1);
  });

  it('is shared by all who waited for it where it is chunked, and not stored', async () => {
    const asked = await startOrigin();
    const waiting = readers();
    await expect.poll(() => asked.length).toBe(1);
    await arrived();
    void send(asked[0]!, BLOCKS);
    for (const each of waiting) await expectWhole(each, BLOCKS);
    expect(asked).toHaveLength(1);
    const next = new Reader('/big');
    await expect.poll(() => asked.length).toBe(2);
    void send(asked[1]!, BLOCKS);
    await expectWhole(next, BLOCKS);
  });

  it('then goes at the pace of its slowest reader', async () => {
    const asked = await startOrigin();
    const fast = new Reader('/big');
    let restAt = 0;
    let furthestAhead = 0;
    const slow = new Reader('/big', async ({ bytes }) => {
      if (bytes < restAt) return;
      restAt += 4 * MIB;
      await settled(() => fast.bytes);
      furthestAhead = Math.max(furthestAhead, fast.bytes - bytes);
    });
    await expect.poll(() => asked.length).toBe(1);
    await arrived();
    void send(asked[0]!, MANY_BLOCKS);
    await expectWhole(slow, MANY_BLOCKS);
    await expectWhole(fast, MANY_BLOCKS);
    expect(furthestAhead).toBeLessThan(FAR_AHEAD);
    expect(asked).toHaveLength(1);
  });

  it('is cut off from a reader that stalls, and the others have all of it', async () => {
    const asked = await startOrigin(stallingAfter(1_000));
    let goOn = () => {};
    const othersDone = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const stalling = new Reader('/big', () => othersDone);
    const others = readers();
    await expect.poll(() => asked.length).toBe(1);
    await arrived();
    void send(asked[0]!, MANY_BLOCKS);
    for (const each of others) await expectWhole(each, MANY_BLOCKS);
    goOn();
    expect(await stalling.done).toBe('cut off');
    expect(stalling.intact).toBe(true);
    expect(asked).toHaveLength(1);
  });

  it('goes on when one of its readers leaves, and ends when all have', async () => {
    const asked = await startOrigin();
    let halfWay = () => {};
    const atHalf = new Promise<void>((resolve) => {
      halfWay = resolve;
    });
    const leaving = new Reader('/big');
    const staying = new Reader('/big', async ({ bytes }) => {
      if (bytes > (MANY_BLOCKS * BLOCK.length) / 2) halfWay();
    });
    await expect.poll(() => asked.length).toBe(1);
    await arrived();
    const closed = once(asked[0]!, 'close');
    void send(asked[0]!, MANY_BLOCKS);
    await leaving.leave();
    await atHalf;
    expect(asked[0]!.destroyed).toBe(false);
    await staying.leave();
    await closed;
    expect(asked[0]!.writableFinished).toBe(false);
  });
});

describe.each(['Content-Length', 'Transfer-Encoding'])('a big request body with %s', (framing) => {
  it('comes to the origin whole', async () => {
    const BLOCKS = 400;
    let received = 0;
    proxy = await startProxy(async (incoming, response) => {
      for await (const chunk of incoming) received += (chunk as Buffer).length;
      response.end('taken');
    });
    const length = { 'Content-Length': String(BLOCKS * BLOCK.length) };
    const headers = framing === 'Content-Length' ? length : {};
    const outgoing = request(`${proxy.url}/upload`, { method: 'POST', headers });
    const answered = once(outgoing, 'response');
    for (let i = 0; i < BLOCKS; i++) if (!outgoing.write(BLOCK)) await once(outgoing, 'drain');
    outgoing.end();
    const [response] = (await answered) as [IncomingMessage];
    response.resume();
    expect([response.statusCode, received]).toEqual([200, BLOCKS * BLOCK.length]);
  });
});
