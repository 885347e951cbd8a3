import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { type FieldList, fieldLines, fieldValue } from '../../src/http/fields.ts';
import { ask, closing, origin, read, start } from '../support/asked-origin.ts';
import { chunk, clientOf, eventually, plainResponse, requestOf, textOf } from '../support/raw-origin.ts';

const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n';

describe('a response of the origin', () => {
  it('comes with its fields as they were sent', async () => {
    const fields =
      'X-One: 1\r\nx-two:\t2 \t\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Latin: \xe9\r\nX-Empty:\r\n';
    await start(Buffer.from(plainResponse('abc', `${fields}Date: x\r\n`), 'latin1'));
    const response = await ask();
    expect([response.status, await textOf(response.body)]).toEqual([200, 'abc']);
    expect(response.fields.filter((_, i) => i % 2 === 0)).toEqual([
      ...['X-One', 'x-two', 'Set-Cookie', 'Set-Cookie', 'X-Latin', 'X-Empty', 'Date', 'Content-Length'],
    ]);
    expect(fieldLines(response.fields, 'set-cookie')).toEqual(['a=1', 'b=2']);
    expect(['x-two', 'x-latin', 'x-empty', 'date'].map((name) => fieldValue(response.fields, name))).toEqual([
      ...['2', '\xe9', '', 'x'],
    ]);
  });

  it('is asked for below the origin’s own path, with the fields and the content given', async () => {
    let text = '';
    await start((socket, request) => {
      text = request.text;
      socket.write(plainResponse('ok'));
    });
    const below = clientOf({ url: new URL('/base/', origin.url) });
    closing.push(below);
    const fields = ['X-A', '1', 'Via', '1.1 cachegate'];
    await textOf(
      (await below.fetch(requestOf({ method: 'POST', target: '/x?y', fields, body: Buffer.from('content') })))
        .body,
    );
    expect(text).toMatch(/^POST \/base\/x\?y HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\n/);
    expect(text).toMatch(/\r\nX-A: 1\r\nVia: 1\.1 cachegate\r\ncontent-length: 7\r\n\r\ncontent$/);
  });

  it('gets a Date where it has none, of when its header section arrived', async () => {
    let now = Date.UTC(2026, 0, 15, 12);
    let connection: Socket | undefined;
    await start(
      (socket) => {
        connection = socket;
        now += 1_500;
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab');
      },
      { clock: { now: () => now } },
    );
    const requestAt = now;
    const response = await ask();
    now += 60_000;
    connection!.write('cd');
    expect(await textOf(response.body)).toBe('abcd');
    expect(response).toMatchObject({ requestAt, responseAt: requestAt + 1_500 });
    expect(fieldLines(response.fields, 'date')).toEqual(['Thu, 15 Jan 2026 12:00:01 GMT']);
  });

  it.each([
    ['GET', '304 Not Modified', 'Content-Length: 5\r\n'],
    ['GET', '304 Not Modified', 'Transfer-Encoding: br\r\n'],
    ['GET', '204 No Content', 'Content-Length: 0\r\n'],
    ['GET', '204 No Content', 'Content-Length: 7\r\n'],
    ['HEAD', '200 OK', 'Content-Length: 5\r\n'],
    ['HEAD', '200 OK', 'Transfer-Encoding: gzip, chunked\r\n'],
    ['HEAD', '404 Not Found', ''],
  ])('to %s with %s has no content, whatever %j says', async (method, status, fields) => {
    await start(`HTTP/1.1 ${status}\r\n${fields}ETag: "1"\r\n\r\n`);
    for (let i = 0; i < 3; i++) {
      const response = await ask({ method });
      expect(await textOf(response.body)).toBe('');
      expect(fieldValue(response.fields, 'etag')).toBe('"1"');
    }
    expect(origin.asked).toHaveLength(3);
  });

  it('may be of HTTP/1.0, with a length or up to the close', async () => {
    await start((socket, { text }) => {
      if (text.startsWith('GET /length ')) socket.write('HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc');
      else socket.end('HTTP/1.0 200 OK\r\n\r\nall of it');
    });
    expect(await read({ target: '/length' })).toBe('abc');
    expect(await read({ target: '/close' })).toBe('all of it');
    expect(await read({ target: '/length' })).toBe('abc');
    expect(origin.connections.total).toBe(3);
  });

  it('goes at the pace of its reader', async () => {
    const size = 8 * 1024 * 1024;
    let sent = 0;
    await start((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${size}\r\n\r\n`);
      const more = () => {
        while (sent < size) {
          sent += 64 * 1024;
          if (!socket.write(Buffer.alloc(64 * 1024))) return void socket.once('drain', more);
        }
      };
      more();
    });
    const { body } = await ask();
    await once(body, 'readable');
    await delay(50);
    expect(body.readableLength).toBeLessThan(256 * 1024);
    let received = 0;
    for await (const part of body) received += (part as Buffer).length;
    expect(received).toBe(size);
  });
});

describe('interim responses', () => {
  const interim = (status: number, fields = '') => `HTTP/1.1 ${status} Interim\r\n${fields}\r\n`;
  const told: [number, FieldList][] = [];
  const onInterim = (status: number, fields: FieldList) => void told.push([status, fields]);
  afterEach(() => void told.splice(0));

  it('are told as they arrive, with the fields that may travel on', async () => {
    let finish = () => {};
    await start((socket) => {
      const hints =
        'Link: </a>; rel=preload\r\nLink: </b>\r\nConnection: X-Hop\r\nX-Hop: 1\r\nContent-Length: 9\r\n';
      socket.write(interim(102) + interim(103, hints) + interim(199, 'X-A: 1\r\n'));
      finish = () => socket.write(plainResponse('final', 'X-Final: 1\r\n'));
    });
    const response = ask({ onInterim });
    await eventually(() => told.length === 3);
    finish();
    expect(told).toEqual([
      [102, []],
      [103, ['Link', '</a>; rel=preload', 'Link', '</b>']],
      [199, ['X-A', '1']],
    ]);
    expect(fieldValue((await response).fields, 'link')).toBeUndefined();
    expect(await textOf((await response).body)).toBe('final');
  });

  it('are told up to sixteen a request', async () => {
    await start(interim(103).repeat(40) + plainResponse('final'));
    expect(await read({ onInterim })).toBe('final');
    expect(told).toHaveLength(16);
    expect(await read({ onInterim })).toBe('final');
    expect(told).toHaveLength(32);
  });

  it('are let pass where nobody wants them', async () => {
    await start(interim(103) + plainResponse('final'));
    expect(await read()).toBe('final');
  });

  it('do no harm by who is told', async () => {
    await start(interim(103) + plainResponse('final'));
    const boom = () => {
      throw new Error('boom');
    };
    expect(await read({ onInterim: boom })).toBe('final');
  });

  it('are not told any more once the request was aborted', async () => {
    let connection: Socket | undefined;
    await start((socket) => {
      connection = socket;
      socket.write(interim(103) + interim(103));
    });
    const controller = new AbortController();
    const stop = (status: number, fields: FieldList) => {
      onInterim(status, fields);
      controller.abort();
    };
    await expect(ask({ onInterim: stop, signal: controller.signal })).rejects.toThrow();
    connection!.write(interim(103));
    await eventually(() => origin.connections.left === 1);
    expect(told).toHaveLength(1);
  });
});

describe('trailers', () => {
  it('are there when the content has ended, without those that may not be', async () => {
    let finish = () => {};
    const trailers =
      'X-T: 1\r\nServer-Timing: db\r\nTransfer-Encoding: gzip\r\nX-Hop: 1\r\nSet-Cookie: a=1\r\nX-T: 2\r\n';
    await start((socket) => {
      socket.write(`${CHUNKED}Connection: keep-alive, X-Hop\r\nTrailer: X-T\r\n\r\n${chunk('abc')}`);
      finish = () => socket.write(`0\r\n${trailers}\r\n`);
    });
    const response = await ask();
    expect(response.trailers!()).toEqual([]);
    finish();
    expect(await textOf(response.body)).toBe('abc');
    expect(response.trailers!()).toEqual(['X-T', '1', 'Server-Timing', 'db', 'X-T', '2']);
  });

  it('are none where there are none', async () => {
    await start((socket, { nth }) => {
      socket.write(nth === 1 ? `${CHUNKED}\r\n${chunk('abc')}0\r\n\r\n` : plainResponse('abc'));
    });
    const chunked = await ask();
    expect(await textOf(chunked.body)).toBe('abc');
    expect(chunked.trailers!()).toEqual([]);
    const plain = await ask();
    expect(await textOf(plain.body)).toBe('abc');
    expect(plain.trailers).toBeUndefined();
  });
});

describe('transfer codings', () => {
  const TEXT = 'some content '.repeat(100);
  const coded = (coding: string, content: string) =>
    Buffer.from(`HTTP/1.1 200 OK\r\nTransfer-Encoding: ${coding}\r\n\r\n${content}`, 'latin1');
  const chunks = (content: string) =>
    `${chunk(content.slice(0, 9))}${chunk(content.slice(9))}0\r\nX-T: 1\r\n\r\n`;
  const gzip = gzipSync(TEXT).toString('latin1');
  const deflate = deflateSync(TEXT).toString('latin1');

  for (const mode of ['safe', 'rfc'] as const) {
    it.each([
      ['gzip, chunked', chunks(gzip)],
      ['x-gzip,chunked', chunks(gzip)],
      ['deflate, chunked', chunks(deflate)],
    ])(`are undone before the content is used (${mode}): %s`, async (coding, content) => {
      await start(coded(coding, content), { mode });
      for (let i = 0; i < 2; i++) {
        const response = await ask();
        expect(await textOf(response.body)).toBe(TEXT);
        expect(response.trailers!()).toEqual(['X-T', '1']);
      }
      expect(origin.connections.total).toBe(1);
    });

    it(`may end with the connection (${mode})`, async () => {
      await start((socket) => void socket.end(coded('gzip', gzip)), { mode });
      expect(await read()).toBe(TEXT);
    });

    it.each(['chunked, gzip', 'chunked, chunked', 'chunked;a=b', 'gzip chunked', 'chunked\t'])(
      `are refused where the outermost is not clear (${mode}): %s`,
      async (coding) => {
        await start((socket) => void socket.end(coded(coding, chunks(TEXT))), { mode });
        await expect(ask()).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
      },
    );
  }

  it('that are unknown are refused, or passed on as read where the standard is the measure', async () => {
    await start(coded('br, chunked', chunks('not known')));
    await expect(ask()).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
    const other = clientOf(origin, { mode: 'rfc' });
    closing.push(other);
    expect(await textOf((await other.fetch(requestOf())).body)).toBe('not known');
  });

  it('are undone as the content arrives', async () => {
    let connection: Socket | undefined;
    await start((socket) => {
      connection = socket;
      const first = gzipSync('first', { finishFlush: 2 }).toString('latin1');
      socket.write(coded('gzip, chunked', chunk(first)));
    });
    const { body } = await ask();
    expect(String((await once(body, 'data'))[0])).toBe('first');
    const gone = once(connection!, 'close');
    body.destroy();
    await gone;
  });

  it.each([
    ['broken off', gzip.slice(0, -9)],
    ['not what they say', TEXT],
  ])('that are %s fail the content', async (_, content) => {
    await start(coded('gzip, chunked', chunks(content)));
    const { body } = await ask();
    await expect(textOf(body)).rejects.toThrow();
  });
});
