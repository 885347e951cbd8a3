import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { OriginClient, OriginClientOptions, OriginRequest } from '../../src/gateway/origin-client.ts';
import { type RunningProxy, startProxy, withCache } from '../support/proxy.ts';
import {
  CHUNKED,
  chunk,
  clientOf,
  eventually,
  lying,
  OK,
  plainResponse,
  type RawAnswer,
  type RawOrigin,
  requestOf,
  saying,
  startRawOrigin,
  textOf,
} from '../support/raw-origin.ts';

// An origin that hangs, breaks off or speaks no HTTP: an error with a code, and nothing of it in the next answer.

let origin: RawOrigin;
let client: OriginClient;

async function start(answer: RawAnswer, change: Partial<OriginClientOptions> = {}) {
  origin = await startRawOrigin(answer);
  client = clientOf(origin, change);
}

const sayingAndClosing = (text: string) => lying((socket) => void socket.end(Buffer.from(text, 'latin1')));

const ask = (change: Partial<OriginRequest> = {}) => client.fetch(requestOf({ target: '/lie', ...change }));
const askHonest = async () => textOf((await ask({ target: '/honest' })).body);
const PROTOCOL = { code: 'ERR_ORIGIN_PROTOCOL' };

describe('an origin', () => {
  afterEach(async () => {
    await client.close();
    await origin.close();
  });

  describe('whose answer cannot be read', () => {
    it.each([
      ['garbage before the status line', `xyz${plainResponse('abc')}`],
      ['no status line', '<html>hello</html>'],
      ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
      ['no status code', 'HTTP/1.1 OK\r\n\r\n'],
      ['a status code of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 3\r\n\r\nabc'],
      ['a status code of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 3\r\n\r\nabc'],
      ['a status code below 100', 'HTTP/1.1 099 OK\r\nContent-Length: 3\r\n\r\nabc'],
      ['lines that end with LF', `HTTP/1.1 200 OK\nContent-Length: 3\n\nabc`],
      ['NUL in a value', plainResponse('abc', 'X-A: a\0b\r\n')],
      ['a control character in a value', plainResponse('abc', 'X-A: a\x01b\r\n')],
      ['DEL in a value', plainResponse('abc', 'X-A: a\x7fb\r\n')],
      ['CR in a value', plainResponse('abc', 'X-A: a\rb\r\n')],
      ['a folded value', plainResponse('abc', 'X-A: a\r\n b\r\n')],
      ['a space before the colon', plainResponse('abc', 'X-A : a\r\n')],
      ['a space in a name', plainResponse('abc', 'X A: a\r\n')],
      ['no name', plainResponse('abc', ': a\r\n')],
      ['no colon', plainResponse('abc', 'X-A\r\n')],
      ['bytes that no name has', plainResponse('abc', 'X-\xe9: a\r\n')],
      ['a header section over 16 KiB', plainResponse('abc', `X-A: ${'a'.repeat(17_000)}\r\n`)],
      ['many fields', plainResponse('abc', 'X-A: 0123456789\r\n'.repeat(2_000))],
      ['a protocol that was not asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
      [
        'one with Connection',
        'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nabc',
      ],
    ])('is not understood: %s', async (_, text) => {
      await start(saying(text));
      await expect(ask()).rejects.toMatchObject(PROTOCOL);
      expect(await askHonest()).toBe('honest');
      expect(origin.asked).toHaveLength(2);
    });

    it.each([
      ['Transfer-Encoding and Content-Length', 'Transfer-Encoding: chunked\r\nContent-Length: 3\r\n'],
      ['Content-Length and Transfer-Encoding', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n'],
      ['Content-Length and another coding', 'Content-Length: 3\r\nTransfer-Encoding: gzip\r\n'],
      ['Content-Length and no coding', 'Content-Length: 3\r\nTransfer-Encoding: identity\r\n'],
      ['two lengths', 'Content-Length: 3\r\nContent-Length: 4\r\n'],
      ['two lengths in one', 'Content-Length: 3, 4\r\n'],
      ['the same length twice', 'Content-Length: 3\r\nContent-Length: 3\r\n'],
      ['the same length twice in one', 'Content-Length: 3, 3\r\n'],
      ['a signed length', 'Content-Length: +3\r\n'],
      ['a negative length', 'Content-Length: -3\r\n'],
      ['a length in hexadecimal', 'Content-Length: 0x3\r\n'],
      ['a length and more', 'Content-Length: 3a\r\n'],
      ['a length with a fraction', 'Content-Length: 3.0\r\n'],
      ['an empty length', 'Content-Length: \r\n'],
      ['a length beyond all numbers', 'Content-Length: 99999999999999999999999\r\n'],
      ['a name with a space', 'Content-Length : 3\r\n'],
      ['chunked before another coding', 'Transfer-Encoding: chunked, gzip\r\n'],
      ['chunked twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'],
      ['an empty coding', 'Transfer-Encoding: \r\n'],
      ['a coding that is not known', 'Transfer-Encoding: xchunked\r\n'],
    ])('is framed in two ways: %s', async (_, fields) => {
      await start(sayingAndClosing(`${OK}${fields}\r\n3\r\nabc\r\n0\r\n\r\n`));
      await expect(ask()).rejects.toMatchObject(PROTOCOL);
      expect(await askHonest()).toBe('honest');
      expect(origin.asked).toHaveLength(2);
    });

    it('is framed as the parser reads it, or not used, whatever Transfer-Encoding says', async () => {
      const part = fc.constantFrom('chunked', 'Chunked', 'gzip', ',', ', ', ' ', '\t', ';a=b', 'x', '\r\n');
      let value = '';
      await start(
        lying((socket) => {
          const fields = value.split('\r\n').map((line) => `Transfer-Encoding:${line}\r\n`);
          socket.end(`${OK}${fields.join('')}\r\n${chunk('abc')}0\r\n\r\n`);
        }),
      );
      const list = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(''));
      await fc.assert(
        fc.asyncProperty(list, async (text) => {
          value = text;
          const read = ask().then(({ body }) => textOf(body));
          // Of compression only a failure can come: what was sent is none.
          expect(await read.catch(({ code }) => code)).toBeOneOf([
            'abc',
            'ERR_ORIGIN_PROTOCOL',
            'Z_DATA_ERROR',
          ]);
        }),
        { numRuns: 150 },
      );
    });
  });

  describe('that breaks off', () => {
    it.each([
      ['at once', ''],
      ['in the status line', 'HTTP/1.1 2'],
      ['in the header section', `${OK}Content-Length: 3\r\nX-A: a`],
      ['after an interim response', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
    ])('%s gives no response', async (_, text) => {
      await start(sayingAndClosing(text));
      await expect(ask()).rejects.toMatchObject(PROTOCOL);
      expect(await askHonest()).toBe('honest');
      expect(origin.asked).toHaveLength(2);
    });

    it.each([
      ['after the header section', `${OK}Content-Length: 3\r\n\r\n`],
      ['in the content', `${OK}Content-Length: 10\r\n\r\nabc`],
      ['before the first chunk', CHUNKED],
      ['in a chunk size', `${CHUNKED}${chunk('abc')}1`],
      ['in a chunk', `${CHUNKED}${chunk('abc')}5\r\nab`],
      ['between chunks', `${CHUNKED}${chunk('abc')}`],
      ['before the trailer section', `${CHUNKED}${chunk('abc')}0\r\n`],
      ['in the trailer section', `${CHUNKED}${chunk('abc')}0\r\nX-T: 1\r\n`],
    ])('%s fails the content', async (_, text) => {
      await start(sayingAndClosing(text));
      await expect(textOf((await ask()).body)).rejects.toMatchObject(PROTOCOL);
      expect(await askHonest()).toBe('honest');
      expect(origin.asked).toHaveLength(2);
    });

    it.each([
      ['no chunk size', `${CHUNKED}xyz\r\nabc\r\n`],
      ['a negative chunk size', `${CHUNKED}-3\r\nabc\r\n0\r\n\r\n`],
      ['a chunk size with a prefix', `${CHUNKED}0x3\r\nabc\r\n0\r\n\r\n`],
      ['a chunk size beyond all numbers', `${CHUNKED}fffffffffffffffff\r\nabc\r\n`],
      ['a chunk longer than it says', `${CHUNKED}3\r\nabcd\r\n0\r\n\r\n`],
      ['chunks that end with LF', `${CHUNKED}3\nabc\n0\n\n`],
      ['a length in the trailer section', `${CHUNKED}${chunk('abc')}0\r\nContent-Length: 3\r\n\r\n`],
      ['a trailer section over 16 KiB', `${CHUNKED}0\r\nX-T: ${'a'.repeat(17_000)}\r\n\r\n`],
    ])('or sends %s fails the content', async (_, text) => {
      await start(saying(text));
      await expect(textOf((await ask()).body)).rejects.toMatchObject(PROTOCOL);
      expect(await askHonest()).toBe('honest');
    });

    it('by a reset fails content that the close would end', async () => {
      await start(
        lying((socket) => {
          socket.write(`${OK}\r\nhalf of it`);
          resets.push(() => socket.resetAndDestroy());
        }),
      );
      const resets: (() => void)[] = [];
      const { body } = await ask();
      const reading = textOf(body);
      resets[0]!();
      await expect(reading).rejects.toMatchObject(PROTOCOL);
    });

    it('by a close ends such content', async () => {
      await start(sayingAndClosing(`${OK}\r\nall of it`));
      expect(await textOf((await ask()).body)).toBe('all of it');
      await client.close();
      await origin.close();
      await start(sayingAndClosing(`${OK}\r\n`));
      expect(await textOf((await ask()).body)).toBe('');
    });
  });

  // A response that nobody asked for must not be the answer to whoever asks next.
  describe('that answers one request with two responses', () => {
    const EVIL = plainResponse('evil');

    it.each([
      ['after content of a length', plainResponse('abc') + EVIL],
      ['after chunks', `${CHUNKED}${chunk('abc')}0\r\n\r\n${EVIL}`],
      ['after content that is longer than its length', `${plainResponse('abc')}defghi`],
    ])('%s: the second is nobody’s', async (_, text) => {
      await start(saying(text));
      const waiting = Array.from({ length: 3 }, async () => textOf((await ask()).body));
      expect(await Promise.all([...waiting, askHonest()])).toEqual(['abc', 'abc', 'abc', 'honest']);
      expect(origin.asked).toHaveLength(4);
    });

    it.each([
      ['GET', `HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\nabc${EVIL}`],
      ['GET', `HTTP/1.1 304 Not Modified\r\n\r\n${EVIL}`],
      ['GET', `HTTP/1.1 204 No Content\r\n\r\n${EVIL}`],
      ['HEAD', `${plainResponse('abc')}${EVIL}`],
      ['HEAD', EVIL],
    ])('to %s without content: the second is nobody’s', async (method, text) => {
      await start(saying(text));
      const waiting = Array.from({ length: 3 }, async () => textOf((await ask({ method })).body));
      expect(await Promise.all([...waiting, askHonest()])).toEqual(['', '', '', 'honest']);
    });

    it('the second later, on an idle connection: it costs that connection', async () => {
      let second = () => {};
      await start(
        lying((socket) => {
          socket.write(plainResponse('abc'));
          second = () => void socket.write(EVIL);
        }),
      );
      for (let i = 1; i <= 3; i++) {
        expect(await textOf((await ask()).body)).toBe('abc');
        second();
        await eventually(() => origin.connections.left === i);
      }
      expect(await askHonest()).toBe('honest');
    });
  });
});

describe('through the gate', () => {
  let proxy: RunningProxy;
  afterEach(() => proxy.close());

  it.each([
    ['too short', 'Content-Length: 10\r\n\r\nabc'],
    ['broken in its chunks', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n'],
    ['cut off in its chunks', 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
    ['no gzip', 'Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
  ])('an answer that is %s breaks the client’s connection and is not stored', async (_, rest) => {
    proxy = await startProxy((request) => {
      request.socket.end(`HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n${rest}`);
    }, withCache({}));
    for (let i = 0; i < 2; i++)
      await expect(proxy.get('/').then((answer) => answer.text())).rejects.toThrow();
    expect(proxy.asked).toHaveLength(2);
  });

  it.each([
    ['framed in two ways', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
    ['coded as nobody knows', 'Transfer-Encoding: br, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'],
    ['not to be read', 'X-A: a\0b\r\n\r\n'],
  ])('an answer that is %s is a 502', async (_, rest) => {
    proxy = await startProxy((request) => {
      request.socket.end(`HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n${rest}`);
    }, withCache({}));
    for (let i = 0; i < 2; i++) expect((await proxy.get('/')).status).toBe(502);
    expect(proxy.asked).toHaveLength(2);
  });
});
