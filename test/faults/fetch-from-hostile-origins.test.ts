import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFetchParts, type FetchParts, outcomeOf, serviceAt } from '../support/cached-fetch.ts';
import { chunk, eventually, type RawAnswer, type RawOrigin, startRawOrigin } from '../support/raw-origin.ts';

// What an origin breaks off, or frames so that nobody can tell, is stored for nobody.

const FRESH = 'HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n';
const CHUNKED = `${FRESH}Transfer-Encoding: chunked\r\n\r\n`;
const ZIPPED = gzipSync('zipped '.repeat(2_000));

let origin: RawOrigin;
let parts: FetchParts;
let resets: (() => void)[];
beforeEach(() => {
  resets = [];
});
afterEach(async () => {
  await parts.settle();
  await origin.close();
});

async function start(answer: RawAnswer, change?: Parameters<typeof serviceAt>[1]): Promise<void> {
  origin = await startRawOrigin(answer);
  parts = createFetchParts([serviceAt(origin.url.origin, change)]);
}

/** What a caller gets: the content, or how it fails; and how it came about. */
async function get(init?: RequestInit) {
  const response = await parts.fetch(`${origin.url.origin}/a`, init);
  for (const reset of resets.splice(0)) reset();
  const text = await response.text().catch(({ cause }: { cause?: { code?: string } }) => cause?.code);
  await parts.settle();
  return { text, by: outcomeOf(response), status: response.status };
}

const saying = (text: string) => (socket: Socket) => void socket.end(Buffer.from(text, 'latin1'));
/** Says something, and once that is there the connection is broken by a reset. */
function resetting(head: string, content: string | Buffer) {
  return (socket: Socket) => {
    socket.write(Buffer.concat([Buffer.from(head), Buffer.from(content)]));
    resets.push(() => socket.resetAndDestroy());
  };
}

describe('what an origin breaks off is not stored', () => {
  it.each([
    ['by a reset, where only the close delimits it', resetting(`${FRESH}\r\n`, 'half'), 'half'],
    ['by a close, which nobody can tell from a reset', saying(`${FRESH}\r\nhalf`), 'half'],
    ['in HTTP/1.0', resetting(`${FRESH.replace('1.1', '1.0')}\r\n`, 'half'), 'half'],
    ['in no chunks', saying(`${FRESH}Transfer-Encoding: identity\r\n\r\nhalf`), 'half'],
    ['before its length', saying(`${FRESH}Content-Length: 9\r\n\r\nhalf`), 'ERR_ORIGIN_PROTOCOL'],
    ['between chunks', saying(`${CHUNKED}${chunk('half')}`), 'ERR_ORIGIN_PROTOCOL'],
    ['in the last chunk', saying(`${CHUNKED}${chunk('half')}0\r\n`), 'ERR_ORIGIN_PROTOCOL'],
    [
      'in a coding, which fetch forgives',
      resetting(`${FRESH}Content-Encoding: gzip\r\n\r\n`, ZIPPED.subarray(0, 40)),
      expect.stringMatching(/^zipped /),
    ],
  ] as const)('%s', async (_, answer, text) => {
    await start(answer);
    for (let asked = 1; asked < 3; asked++) {
      expect(await get()).toMatchObject({ text, by: 'fwd=uri-miss' });
      expect(origin.asked).toHaveLength(asked);
    }
  });
});

describe('what may be other than it says is not stored', () => {
  it.each([
    ['in a transfer coding', `Transfer-Encoding: gzip, chunked\r\n\r\n${chunk('coded')}0\r\n\r\n`],
    ['in a coding that only some decode', 'Content-Encoding: zstd\r\nContent-Length: 5\r\n\r\ncoded'],
  ])('%s', async (_, answer) => {
    await start(saying(FRESH + answer));
    await get();
    expect(await get()).toMatchObject({ by: 'fwd=uri-miss', status: 200 });
  });

  it('and an answer to a POST is kept for no GET', async () => {
    await start((socket) => saying(`${FRESH}Content-Location: /a\r\n\r\nhalf`)(socket));
    await get({ method: 'POST', body: 'content' });
    expect(await get()).toMatchObject({ by: 'fwd=uri-miss' });
  });
});

describe('a caller that leaves', () => {
  it('takes its content along, however little of that has come', async () => {
    await start(saying(`${FRESH}Content-Length: 0\r\n\r\n`), { keyedMethods: ['QUERY'] });
    const leaving = new AbortController();
    let left: unknown;
    const body = new ReadableStream({
      cancel(reason) {
        left = reason;
      },
    });
    const asking = get({ method: 'QUERY', body, duplex: 'half', signal: leaving.signal });
    leaving.abort('gone');
    await expect(asking).rejects.toBe('gone');
    await expect.poll(() => left).toBe('gone');
    expect(origin.asked).toEqual([]);
  });

  it('may have left many others with the same signal', async () => {
    await start(saying(`${FRESH}Content-Length: 2\r\n\r\nok`));
    const warned: Error[] = [];
    const warn = (warning: Error) => void warned.push(warning);
    process.on('warning', warn);
    const { signal } = new AbortController();
    const asking = Array.from({ length: 1_500 }, () => parts.fetch(`${origin.url.origin}/a`, { signal }));
    const texts = await Promise.all(asking.map(async (response) => (await response).text()));
    process.off('warning', warn);
    expect({ warned, texts: new Set(texts), asked: origin.asked.length }).toEqual({
      ...{ warned: [], texts: new Set(['ok']), asked: 1 },
    });
  });
});

describe('a redirect without end', () => {
  it.each([
    ['in long pieces', 'x'.repeat(40_000)],
    ['in short ones', 'x'],
  ])('%s is read for a while', async (_, piece) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await start((socket, { text }) => {
      if (!text.startsWith('GET /a ')) return void saying(`${FRESH}Content-Length: 2\r\n\r\nok`)(socket);
      socket.write(`${CHUNKED.replace('200 OK', '302 Found\r\nLocation: /b')}`);
      const pour = () => void (socket.writable && socket.write(chunk(piece)));
      const timer = setInterval(pour, 5);
      socket.on('close', () => clearInterval(timer));
    });
    const response = await parts.fetch(`${origin.url.origin}/a`);
    expect(await response.text()).toBe('ok');
    vi.advanceTimersByTime(10_000);
    vi.useRealTimers();
    await eventually(() => origin.connections.left > 1);
  });
});
