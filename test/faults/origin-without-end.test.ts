import { afterAll, describe, expect, it } from 'vitest';
import type { OriginClientOptions } from '../../src/gateway/origin-client.ts';
import {
  CHUNKED,
  chunk,
  clientOf,
  eventually,
  lying,
  OK,
  type RawAnswer,
  requestOf,
  saying,
  startRawOrigin,
  textOf,
} from '../support/raw-origin.ts';

const PROTOCOL = { code: 'ERR_ORIGIN_PROTOCOL' };
const TIMEOUT = { code: 'ERR_ORIGIN_TIMEOUT' };

// Side by side, since they take their time.
describe('an origin without end', () => {
  const SOON = { connectMs: 600, headersMs: 200, bodyMs: 200 };
  const opened: { close(): Promise<void> }[] = [];
  const open = async (answer: RawAnswer, change: Partial<OriginClientOptions> = {}) => {
    const itsOrigin = await startRawOrigin(answer);
    const itsClient = clientOf(itsOrigin, change);
    opened.push(itsClient, itsOrigin);
    return { ...itsOrigin, client: itsClient, ask: () => itsClient.fetch(requestOf({ target: '/lie' })) };
  };
  afterAll(async () => {
    for (const each of opened) await each.close();
  });

  /** Says something over and over, as fast as it is taken, until the connection goes. */
  const endlessly = (begin: string, more: string) =>
    lying((socket) => {
      socket.write(begin);
      const again = () => {
        if (!socket.destroyed) socket.write(more, () => setImmediate(again));
      };
      again();
    });

  it.concurrent.each([
    ['before it answers', ''],
    ['in the status line', 'HTTP/1.1 2'],
    ['in the header section', `${OK}X-A: a`],
    ['after an interim response', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ])('that hangs %s is given up', async (_, text) => {
    const { ask, connections, asked } = await open(saying(text), SOON);
    await expect(ask()).rejects.toMatchObject(TIMEOUT);
    await eventually(() => connections.left === 1);
    expect(asked).toHaveLength(1);
  });

  it.concurrent.each([
    ['before the content', `${OK}Content-Length: 3\r\n\r\n`],
    ['in the content', `${OK}Content-Length: 3\r\n\r\na`],
    ['in a chunk', `${CHUNKED}3\r\na`],
    ['in the trailer section', `${CHUNKED}0\r\nX-T: `],
    ['before the close', `${OK}\r\nabc`],
  ])('that hangs %s fails the content', async (_, text) => {
    const { ask, connections } = await open(saying(text), { bodyMs: 200 });
    await expect(textOf((await ask()).body)).rejects.toMatchObject(TIMEOUT);
    await eventually(() => connections.left === 1);
  });

  it.concurrent('that hangs in the handshake of TLS is given up', async () => {
    const { url } = await open(() => {});
    const client = clientOf({ url: new URL(`https://127.0.0.1:${url.port}`) }, SOON);
    opened.unshift(client);
    await expect(client.fetch(requestOf())).rejects.toMatchObject(TIMEOUT);
  });

  it.concurrent('that hangs keeps those who wait for a connection no longer than the first', async () => {
    const { ask } = await open(saying(''), SOON);
    const answers = await Promise.allSettled(Array.from({ length: 5 }, ask));
    const codes = answers.map((answer) => (answer as PromiseRejectedResult).reason.code);
    expect(codes).toEqual(Array(5).fill('ERR_ORIGIN_TIMEOUT'));
  });

  it.concurrent.each([
    ['its header section', OK, 'X-A: a\r\n'],
    ['one field', `${OK}X-A: `, 'aaaaaaaa'],
    ['interim responses', '', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'],
  ])('of %s is given up', async (_, begin, more) => {
    const { client } = await open(endlessly(begin, more));
    let told = 0;
    const onInterim = () => {
      told += 1;
    };
    await expect(client.fetch(requestOf({ target: '/lie', onInterim }))).rejects.toMatchObject(PROTOCOL);
    expect(told).toBeLessThanOrEqual(16);
    expect(await textOf((await client.fetch(requestOf())).body)).toBe('honest');
  });

  it.concurrent.each([
    ['its status line', 'HTTP/1.1 200 ', 'OK '],
    ['empty lines', '', '\r\n'],
  ])('of %s is given up in time', async (_, begin, more) => {
    const { ask, connections } = await open(endlessly(begin, more), SOON);
    await expect(ask()).rejects.toMatchObject(TIMEOUT);
    await eventually(() => connections.left === 1);
  });

  it.concurrent('of its trailer section fails the content', async () => {
    const { ask } = await open(endlessly(`${CHUNKED}${chunk('abc')}0\r\n`, 'X-T: a\r\n'));
    await expect(textOf((await ask()).body)).rejects.toMatchObject(PROTOCOL);
  });
});
