import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import type { Fetch } from '../../src/fetch/platform-fetch.ts';
import type { OriginClient, OriginClientOptions, OriginRequest } from '../../src/gateway/origin-client.ts';
import { type FieldList, fieldLines, fieldValue } from '../../src/http/fields.ts';
import type { OriginBudget } from '../../src/origin-budget/origin-budget.ts';
import { createFetchOutbound } from '../../src/serverless/fetch-outbound.ts';
import {
  CHUNKED,
  chunk,
  eventually,
  plainResponse,
  type RawAnswer,
  type RawOrigin,
  requestOf,
  startRawOrigin,
  textOf,
} from '../support/raw-origin.ts';

// An origin that is asked by the platform's `fetch`: what a gate in a function does in the place of undici's pool.

let origin: RawOrigin;
let client: OriginClient;
const closing: OriginClient[] = [];
const clock = { now: () => Date.now() };

function clientOf(change: Partial<OriginClientOptions> = {}, fetch?: Fetch): OriginClient {
  const outbound = createFetchOutbound({ clock, ...(fetch && { fetch }) });
  const made = outbound.origin({
    ...{ origin: origin.url, connections: 10, connectMs: 10_000, headersMs: 10_000, bodyMs: 10_000, clock },
    ...change,
  });
  closing.push(made);
  return made;
}

async function start(answer: RawAnswer | string | Buffer, change: Partial<OriginClientOptions> = {}) {
  origin = await startRawOrigin(
    typeof answer === 'function' ? answer : (socket) => void socket.write(answer),
  );
  client = clientOf(change);
}
afterEach(async () => {
  for (const each of closing.splice(0)) await each.close();
  await origin.close();
});

const ask = (change: Partial<OriginRequest> = {}) => client.fetch(requestOf(change));
const read = async (change: Partial<OriginRequest> = {}) => textOf((await ask(change)).body);
/** So many connections are over; the runtime may have made others for what is to come. */
const isLeft = (many: number) => eventually(() => origin.connections.left >= many);
const coded = (content: Buffer, fields: string) =>
  Buffer.concat([
    Buffer.from(`HTTP/1.1 200 OK\r\n${fields}Content-Length: ${content.length}\r\n\r\n`),
    content,
  ]);

describe('a response of the origin', () => {
  it('comes with its fields', async () => {
    const fields = 'X-One: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Latin: \xe9\r\nDate: x\r\n';
    await start(Buffer.from(plainResponse('abc', fields), 'latin1'));
    const response = await ask();
    expect([response.status, await textOf(response.body)]).toEqual([200, 'abc']);
    expect(fieldLines(response.fields, 'set-cookie')).toEqual(['a=1', 'b=2']);
    const values = ['x-one', 'x-latin', 'date', 'content-length'];
    expect(values.map((name) => fieldValue(response.fields, name))).toEqual(['1', '\xe9', 'x', '3']);
    expect(response.isUncertain).toBe(false);
  });

  it('is asked for below the origin’s own path, with the fields and the content given', async () => {
    let text = '';
    await start((socket, request) => {
      text = request.text;
      socket.write(plainResponse('ok'));
    });
    const below = clientOf({ origin: new URL('/base/', origin.url) });
    const fields = ['X-A', '1', 'Cookie', 'a=b', 'Accept-Encoding', 'zstd', 'Content-Length', '7'];
    const request = { method: 'POST', target: '/x?y={}', fields, body: Buffer.from('content') };
    await textOf((await below.fetch(requestOf(request))).body);
    expect(text).toMatch(/^POST \/base\/x\?y={} HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\n/);
    expect(text.match(/^(?:x-a|cookie|accept-encoding|content-length): .*$/gim)).toEqual([
      ...['X-A: 1', 'Cookie: a=b', 'accept-encoding: gzip, deflate, br', 'content-length: 7'],
    ]);
    expect(text).toMatch(/\r\n\r\ncontent$/);
  });

  it('gets a Date where it has none', async () => {
    await start(plainResponse('abc'));
    expect(fieldLines((await ask()).fields, 'date')).toHaveLength(1);
  });

  it.each([
    ['GET', '304 Not Modified'],
    ['GET', '204 No Content'],
    ['HEAD', '200 OK'],
  ])('to %s with %s has no content', async (method, status) => {
    await start(`HTTP/1.1 ${status}\r\nETag: "1"\r\n\r\n`);
    for (let i = 0; i < 3; i++) {
      const response = await ask({ method });
      expect(await textOf(response.body)).toBe('');
      expect(fieldValue(response.fields, 'etag')).toBe('"1"');
    }
  });

  it('that redirects is the answer', async () => {
    await start('HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n');
    const { status, fields } = await ask();
    expect([status, fieldValue(fields, 'location'), origin.asked]).toEqual([
      ...[302, '/b', ['GET / HTTP/1.1']],
    ]);
  });

  it('goes at the pace of its reader', async () => {
    const size = 64 * 1024 * 1024;
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
    let before = -1;
    // Until the buffers on the way are full.
    await eventually(() => {
      const isStill = before === sent;
      before = sent;
      return isStill;
    });
    expect(sent).toBeLessThan(size);
    let received = 0;
    for await (const part of body) received += (part as Buffer).length;
    expect(received).toBe(size);
  });
});

describe('a content that is coded', () => {
  const TEXT = 'some content '.repeat(100);

  it.each([
    ['gzip', gzipSync(TEXT)],
    ['deflate', deflateSync(TEXT)],
    ['br', brotliCompressSync(TEXT)],
  ])('as %s is decoded, and its fields say so', async (coding, content) => {
    await start(coded(content, `Content-Encoding: ${coding}\r\nETag: "1"\r\nVary: Accept-Encoding\r\n`));
    const { fields, body } = await ask();
    expect(await textOf(body)).toBe(TEXT);
    const values = ['content-encoding', 'content-length', 'etag', 'vary'];
    expect(values.map((name) => fieldValue(fields, name))).toEqual([
      ...[undefined, undefined, 'W/"1"', 'Accept-Encoding'],
    ]);
  });

  it.each([['zstd'], ['gzip, br'], ['x-gzip']])('as %s is refused: may be it was decoded', async (coding) => {
    await start(coded(Buffer.from(TEXT), `Content-Encoding: ${coding}\r\n`));
    await expect(ask()).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
  });

  it('in a way that nobody decodes is passed on', async () => {
    await start(coded(Buffer.from(TEXT), 'Content-Encoding: aes128gcm\r\n'));
    const { fields, body } = await ask();
    expect([fieldValue(fields, 'content-encoding'), await textOf(body)]).toEqual(['aes128gcm', TEXT]);
  });

  it('is not asked for where a part is', async () => {
    let text = '';
    await start((socket, request) => {
      text = request.text;
      socket.write(
        'HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-1/3\r\nContent-Length: 2\r\n\r\nab',
      );
    });
    expect(await read({ fields: ['Range', 'bytes=0-1'] })).toBe('ab');
    expect(text).toMatch(/^accept-encoding: identity(?:, identity)?\r$/im);
  });

  it('for its transfer is decoded too, and refused where it is not known how', async () => {
    await start((socket, { text }) => {
      const coding = text.startsWith('GET /br ') ? 'br' : 'gzip';
      const content = gzipSync(TEXT).toString('latin1');
      const head = `HTTP/1.1 200 OK\r\nTransfer-Encoding: ${coding}, chunked\r\n\r\n`;
      socket.write(Buffer.from(`${head}${chunk(content)}0\r\n\r\n`, 'latin1'));
    });
    expect(await read()).toBe(TEXT);
    await expect(ask({ target: '/br' })).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
  });
});

describe('a request’s content', () => {
  const upload = (fields: FieldList, body: Readable) => ask({ method: 'PUT', fields, body });

  it.each<[string, FieldList, RegExp]>([
    ['with its length', ['Content-Length', '6'], /content-length: 6\r\n(?:.*\r\n)*\r\nabcdef$/i],
    ['in chunks', [], /transfer-encoding: chunked\r\n(?:.*\r\n)*\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n$/i],
  ])('goes on %s as it arrives', async (_, fields, expected) => {
    let received = '';
    await start((socket, request) => {
      // The origin knows nothing of chunks, and takes their end for that of a request.
      received += request.text;
      if (expected.test(received)) socket.write(plainResponse('ok'));
    });
    async function* pieces() {
      yield Buffer.from('abc');
      yield Buffer.from('def');
    }
    const { status } = await upload(fields, Readable.from(pieces()));
    expect([status, received]).toEqual([200, expect.stringMatching(expected)]);
  });

  it('that breaks off is the end of the request', async () => {
    await start(() => {});
    async function* pieces() {
      yield Buffer.from('abc');
      throw new Error('the client left');
    }
    const failed = upload(['Content-Length', '6'], Readable.from(pieces()));
    await expect(failed).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
  });
});

describe('a failure', () => {
  it('to connect says so', async () => {
    await start('');
    const away = clientOf({ origin: new URL('http://127.0.0.1:2') });
    await expect(away.fetch(requestOf())).rejects.toMatchObject({ code: 'ERR_ORIGIN_CONNECT' });
  });

  it('to answer in time says so, and lets the connection go', async () => {
    await start(() => {}, { connectMs: 50, headersMs: 200 });
    await expect(ask()).rejects.toMatchObject({ code: 'ERR_ORIGIN_TIMEOUT' });
    await isLeft(1);
  });

  it('to go on in time fails the content', async () => {
    await start('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc', { bodyMs: 200 });
    const { body } = await ask();
    await expect(textOf(body)).rejects.toMatchObject({ code: 'ERR_ORIGIN_TIMEOUT' });
    await isLeft(1);
  });

  it.each([
    ['cut', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'],
    ['cut between chunks', `${CHUNKED}${chunk('abc')}`],
  ])('to go on at all fails the content: %s', async (_, text) => {
    await start((socket) => void socket.end(text));
    const { body } = await ask();
    await expect(textOf(body)).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
  });

  it('to be clear about the end leaves the content to who has asked alone', async () => {
    await start((socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\nabc'));
    const { body, isUncertain } = await ask();
    expect([await textOf(body), isUncertain]).toEqual(['abc', true]);
  });
});

describe('a connection that breaks before the answer', () => {
  const RST = (socket: Socket) => void socket.resetAndDestroy();
  const once = (breakOff: (socket: Socket) => void): RawAnswer => {
    let answered = 0;
    return (socket) => {
      answered += 1;
      if (answered === 1) breakOff(socket);
      else socket.write(plainResponse('abc'));
    };
  };
  const content = Buffer.from('content');

  it.each([
    ['GET', null],
    ['HEAD', null],
    ['DELETE', null],
    ['PUT', content],
    ['QUERY', content],
  ] as const)('is replaced once: %s with %j', async (method, body) => {
    await start(once(RST));
    expect(await read({ method, body })).toBe(method === 'HEAD' ? '' : 'abc');
    expect(origin.asked).toHaveLength(2);
  });

  it('is not replaced a second time', async () => {
    await start(RST);
    await expect(ask()).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
    expect(origin.asked).toHaveLength(2);
  });

  it.each<[string, () => Partial<OriginRequest>]>([
    ['a POST', () => ({ method: 'POST', body: content })],
    ['a stream', () => ({ method: 'PUT', body: Readable.from([content]), fields: ['Content-Length', '7'] })],
  ])('may have carried what is not sent twice: %s', async (_, request) => {
    await start(once(RST));
    await expect(ask(request())).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
    expect(origin.asked).toHaveLength(1);
  });

  it('is replaced as its budget allows, which says how long it was held back', async () => {
    const asked: unknown[] = [];
    const budget: OriginBudget = {
      toleranceMs: 1_000,
      async admit({ inBackground, waitedMs }) {
        asked.push([inBackground, waitedMs]);
        return 5;
      },
    };
    await start(once(RST), { budget });
    const response = await ask({ inBackground: true, waitedMs: 1 });
    expect([await textOf(response.body), response.heldMs]).toEqual(['abc', 10]);
    expect(asked).toEqual([
      [true, 1],
      [undefined, 6],
    ]);
  });
});

describe('a request that is given up', () => {
  it('while it waits for its turn does not take the place of those after it', async () => {
    const held: Socket[] = [];
    await start(
      (socket, { text }) => {
        if (text.startsWith('GET /slow ')) held.push(socket);
        else socket.write(plainResponse('abc'));
      },
      { connections: 1 },
    );
    const slow = read({ target: '/slow' });
    const controller = new AbortController();
    const left = ask({ target: '/left', signal: controller.signal });
    const after = read({ target: '/after' });
    await eventually(() => held.length === 1);
    controller.abort();
    await expect(left).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
    held[0]!.write(plainResponse('slow'));
    expect(await Promise.all([slow, after])).toEqual(['slow', 'abc']);
    expect(origin.asked).toEqual(['GET /slow HTTP/1.1', 'GET /after HTTP/1.1']);
  });

  it('while it waits for its turn has no more time than any', async () => {
    await start(() => {}, { connections: 1, connectMs: 50, headersMs: 200 });
    const answers = await Promise.allSettled([ask(), ask()]);
    expect(answers).toMatchObject([
      { reason: { code: 'ERR_ORIGIN_TIMEOUT' } },
      { reason: { code: 'ERR_ORIGIN_TIMEOUT' } },
    ]);
  });

  it.each(['before it is sent', 'while it waits for the answer'])('%s ends at once', async (when) => {
    await start(() => {});
    const controller = new AbortController();
    if (when === 'before it is sent') controller.abort(new Error('the client left'));
    const request = ask({ signal: controller.signal });
    if (when !== 'before it is sent') await eventually(() => origin.asked.length === 1);
    controller.abort(new Error('the client left'));
    await expect(request).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
    await eventually(() => origin.connections.open === 0);
  });

  it('while its content arrives fails the content and lets the connection go', async () => {
    await start('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc');
    const controller = new AbortController();
    const { body } = await ask({ signal: controller.signal });
    const reading = textOf(body);
    controller.abort(new Error('the client left'));
    await expect(reading).rejects.toThrow('the client left');
    await isLeft(1);
  });

  it('or whose content nobody wants makes room for others', async () => {
    const long = `HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n${'x'.repeat(200_000)}`;
    await start(
      (socket, { text }) => void socket.write(text.startsWith('GET /long ') ? long : plainResponse('abc')),
      { connections: 1 },
    );
    for (let i = 0; i < 3; i++) {
      (await ask({ target: '/long' })).body.destroy();
      expect(await read()).toBe('abc');
    }
    await isLeft(3);
  });
});

describe('an end', () => {
  const begun: RawAnswer = (socket, { text }) => {
    if (text.startsWith('GET /begun ')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc');
    else if (text.startsWith('GET /ready ')) socket.write(plainResponse('abc'));
  };

  it('fails what is under way, what waits and what comes after', async () => {
    await start(begun, { connections: 2 });
    const { body } = await ask({ target: '/begun' });
    const failures = Promise.allSettled([textOf(body), ask(), ask()]);
    await eventually(() => origin.asked.length === 2);
    await client.close();
    expect((await failures).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await expect(ask()).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
    await eventually(() => origin.connections.open === 0);
  });

  it('that lets what is under way finish waits for it', async () => {
    await start(begun);
    const { body } = await ask({ target: '/ready' });
    let isDrained = false;
    const drained = client.drain().then(() => {
      isDrained = true;
    });
    await expect(ask()).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
    expect(isDrained).toBe(false);
    expect(await textOf(body)).toBe('abc');
    await drained;
  });
});

describe('the platform’s fetch', () => {
  const former = globalThis.fetch;
  afterEach(() => {
    globalThis.fetch = former;
  });

  it('is asked without what a framework has put in its place', async () => {
    await start(plainResponse('from the origin'));
    const kept = async () => new Response('kept by the framework');
    globalThis.fetch = Object.assign(kept as Fetch, { _nextOriginalFetch: former });
    expect(await read()).toBe('from the origin');
  });

  it('may be the application’s own', async () => {
    await start('');
    const own = clientOf({}, async () => new Response('its own'));
    expect(await textOf((await own.fetch(requestOf())).body)).toBe('its own');
  });
});
