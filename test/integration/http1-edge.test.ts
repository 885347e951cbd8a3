import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { generate } from 'selfsigned';
import { afterEach, describe, expect, it } from 'vitest';
import { type Answer, refusal } from '../../src/gateway/answer.ts';
import type { GateRequest } from '../../src/gateway/request.ts';
import { type RunningEdge, startEdge, text } from '../support/edge.ts';
import { sendRaw, statusesOf } from '../support/raw-client.ts';

// The client's side of HTTP/1.1, down to the bytes, in front of nothing but a function.

let edge: RunningEdge;
afterEach(async () => {
  await edge.close();
  expect(edge.errors).toEqual([]);
});

const HOST = 'Host: x\r\n';
const CLOSE = 'Connection: close\r\n';
const get = (target: string, fields = '', version = '1.1') =>
  `GET ${target} HTTP/${version}\r\n${HOST}${fields}\r\n`;

/** A connection that is looked at while it goes on. */
function open(): { socket: Socket; received: () => string } {
  const socket = connect(Number(new URL(edge.url).port), '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  return { socket, received: () => received };
}

describe('interim responses (RFC 9110 §15.2)', () => {
  const links = '</a,b>; rel=preload; as=style, </c>; rel="preconnect"';
  const informing = (...interim: [number, string[]][]) =>
    startEdge(async (request) => {
      for (const [status, fields] of interim) request.inform(status, fields);
      return text('final');
    });

  it('come before the final one', async () => {
    edge = await informing(
      [102, []],
      [103, ['Link', links, 'X-Hint', 'a', 'x-hint', 'b']],
      [103, ['Link', '</d>']],
    );
    const received = await sendRaw(edge.url, get('/', CLOSE));
    expect(statusesOf(received)).toEqual([102, 103, 103, 200]);
    expect(received).toContain(`103 Early Hints\r\nLink: ${links}\r\nx-hint: a, b\r\n\r\n`);
    expect(received).toMatch(/final$/);
  });

  it.each<[string, number, string[]]>([
    ['a 103 without Link', 103, ['X', 'y']],
    ['a Link that is none', 103, ['Link', 'preload']],
    ['a name that is none', 103, ['Link', '</a>', 'X Y', 'z']],
    ['a value that ends its line', 103, ['Link', '</a>', 'X', 'y\r\nSet-Cookie: a=b']],
    ['a Link that ends its line', 103, ['Link', '</a>; x="\r\n\r\n"']],
    ['names of things that every object has', 103, ['constructor', 'a', '__proto__', 'b']],
    ['a 104', 104, ['Link', '</a>']],
    ['a 101', 101, []],
  ])('are not sent where they are nothing to send: %s', async (_, status, fields) => {
    edge = await informing([status, fields]);
    expect(statusesOf(await sendRaw(edge.url, get('/', CLOSE)))).toEqual([200]);
  });

  it('are nothing for HTTP/1.0, and nothing once the final one has begun', async () => {
    let informLate = () => {};
    edge = await startEdge(async (request) => {
      request.inform(102, []);
      informLate = () => request.inform(102, []);
      const body = Readable.from(
        (async function* () {
          yield 'one';
          informLate();
          yield 'two';
        })(),
      );
      return { status: 200, fields: [], body };
    });
    expect(statusesOf(await sendRaw(edge.url, get('/', '', '1.0')))).toEqual([200]);
    const received = await sendRaw(edge.url, get('/', CLOSE));
    expect(statusesOf(received)).toEqual([102, 200]);
    informLate();
  });

  it('of a request in a row wait for their turn', async () => {
    const answers = new Map<string, () => void>();
    edge = await startEdge((request) => {
      request.inform(102, []);
      return new Promise((resolve) => {
        answers.set(request.target, () => resolve(text(request.target)));
      });
    });
    const { socket, received } = open();
    socket.write(get('/1') + get('/2') + get('/3', CLOSE));
    await expect.poll(() => answers.size).toBe(3);
    // The last is ready before its turn: then its interim response is of no use.
    answers.get('/3')!();
    answers.get('/1')!();
    await expect.poll(() => statusesOf(received())).toEqual([102, 200, 102]);
    answers.get('/2')!();
    await once(socket, 'close');
    expect(statusesOf(received())).toEqual([102, 200, 102, 200, 200]);
  });
});

describe('trailers (RFC 9110 §6.5)', () => {
  const TE = 'TE: deflate;q=0.5, Trailers\r\n';
  const withTrailers = (change: Partial<Answer> = {}) =>
    startEdge(() => ({
      status: 200,
      fields: [],
      body: Readable.from(['body']),
      trailers: () => ['X-Sum', 'a', 'x-sum', 'b', 'Content-Type', 'x/y', 'Set-Cookie', 'a=b', 'Host', 'x'],
      ...change,
    }));

  it('follow a chunked body where the client takes them, none that belongs into the header section', async () => {
    edge = await withTrailers();
    expect(await sendRaw(edge.url, get('/', CLOSE + TE))).toMatch(
      /body\r\n0\r\nX-Sum: a\r\nx-sum: b\r\n\r\n$/,
    );
  });

  it('are left out where the client does not say that it takes them', async () => {
    edge = await withTrailers();
    for (const te of ['', 'TE: gzip\r\n', 'TE: trailers;q=x\r\n'])
      expect(await sendRaw(edge.url, get('/', CLOSE + te))).toMatch(/body\r\n0\r\n\r\n$/);
  });

  it('have no place behind a length, or in HTTP/1.0', async () => {
    edge = await withTrailers({ fields: ['Content-Length', '4'] });
    expect(await sendRaw(edge.url, get('/', CLOSE + TE))).toMatch(/\r\n\r\nbody$/);
    await edge.close();
    edge = await withTrailers();
    expect(await sendRaw(edge.url, get('/', TE, '1.0'))).toMatch(/\r\n\r\nbody$/);
  });

  it.each<[string, () => string[]]>([
    [
      'throws',
      () => {
        throw new Error('boom');
      },
    ],
    ['gives what is no field', () => ['X Y', 'z']],
    ['gives what ends its line', () => ['X', 'y\r\n']],
  ])('do no harm where their source %s', async (_, trailers) => {
    edge = await withTrailers({ trailers });
    expect(await sendRaw(edge.url, get('/', CLOSE + TE))).toMatch(/body\r\n0\r\n\r\n$/);
  });

  it('do not follow a body that broke off: the client sees that it did', async () => {
    const broken = async function* () {
      yield 'half';
      throw new Error('broken');
    };
    edge = await withTrailers({ body: Readable.from(broken()) });
    const received = await sendRaw(edge.url, get('/', TE));
    expect(received).toContain('half');
    expect(received).not.toContain('0\r\n');
  });
});

describe('a client that does not read', () => {
  const endless = () =>
    new Readable({
      read() {
        this.push(Buffer.alloc(64 * 1024));
      },
    });

  it.each<[string, () => Answer]>([
    ['a stream', () => ({ status: 200, fields: [], body: endless(), stallMs: 100 })],
    [
      'a long buffer',
      () => ({ status: 200, fields: [], body: Buffer.alloc(64 * 1024 * 1024), stallMs: 100 }),
    ],
  ])('is cut, though it goes on sending: %s', async (_, answer) => {
    edge = await startEdge(answer);
    const { socket } = open();
    socket.pause();
    socket.write(get('/'));
    let cut = false;
    socket.once('error', () => {
      cut = true;
    });
    const sendAndLook = () => {
      socket.write('\r\n');
      return cut;
    };
    await expect.poll(sendAndLook, { timeout: 10_000, interval: 10 }).toBe(true);
  });

  it('costs its source nothing once it is cut', async () => {
    const body = endless();
    edge = await startEdge(() => ({ status: 200, fields: [], body, stallMs: 100 }));
    const { socket } = open();
    socket.pause();
    socket.write(get('/'));
    await expect.poll(() => body.destroyed, { timeout: 10_000 }).toBe(true);
    socket.destroy();
  });

  it('is not one whose answer is slow', async () => {
    const slow = async function* () {
      for (let i = 0; i < 4; i++) {
        yield Buffer.alloc(512 * 1024, 'x');
        await delay(150);
      }
    };
    edge = await startEdge(() => ({ status: 200, fields: [], body: Readable.from(slow()), stallMs: 40 }));
    expect(await sendRaw(edge.url, get('/', CLOSE))).toMatch(/\r\n0\r\n\r\n$/);
  });

  it('is not one that reads slowly', async () => {
    const size = 16 * 1024 * 1024;
    edge = await startEdge(() => ({ status: 200, fields: [], body: Buffer.alloc(size, 'x'), stallMs: 400 }));
    const { socket, received } = open();
    socket.write(get('/', CLOSE));
    // At each time as much as has come, half a megabyte at least.
    let until = 0;
    socket.on('data', () => {
      if (received().length >= until) socket.pause();
    });
    const reading = setInterval(() => {
      until = received().length + 512 * 1024;
      socket.resume();
    }, 25);
    await once(socket, 'close');
    clearInterval(reading);
    expect(received().length).toBeGreaterThan(size);
  });
});

describe('Expect: 100-continue (RFC 9110 §10.1.1)', () => {
  const posting = 'POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 4\r\n\r\n';
  const contentOf = async (request: GateRequest) => {
    let content = '';
    for await (const chunk of request.body!) content += String(chunk);
    return content;
  };

  it('gets its 100 when the content is read, not before', async () => {
    edge = await startEdge(async (request) => {
      // To see the order: whoever only asks whether there is content does not read it.
      expect(request.body).not.toBeNull();
      await new Promise(setImmediate);
      request.inform(102, []);
      return text(await contentOf(request));
    });
    const { socket, received } = open();
    socket.write(posting);
    await expect.poll(() => statusesOf(received())).toEqual([102, 100]);
    socket.write('abcd');
    await expect.poll(() => statusesOf(received())).toEqual([102, 100, 200]);
    // The connection goes on.
    socket.write(posting);
    await expect.poll(() => statusesOf(received())).toEqual([102, 100, 200, 102, 100]);
    socket.write('efgh');
    await expect.poll(received).toMatch(/efgh$/);
    socket.destroy();
  });

  it('gets none with a refusal, and the connection closes', async () => {
    edge = await startEdge(() => refusal(401));
    const received = await sendRaw(edge.url, posting);
    expect(statusesOf(received)).toEqual([401]);
    expect(received).toContain('Connection: close\r\n');
  });

  it('gets none in HTTP/1.0', async () => {
    edge = await startEdge(async (request) => text(await contentOf(request)));
    expect(statusesOf(await sendRaw(edge.url, `${posting.replace('1.1', '1.0')}abcd`))).toEqual([200]);
  });
});

describe('requests in a row (RFC 9112 §9.3.2)', () => {
  it('are handled side by side where they are safe, and answered in order', async () => {
    const waiting: (() => void)[] = [];
    edge = await startEdge(
      ({ target }) => new Promise((resolve) => waiting.push(() => resolve(text(target)))),
    );
    const { socket, received } = open();
    socket.write(get('/1') + get('/2') + get('/3'));
    await expect.poll(() => waiting.length).toBe(3);
    for (const answer of waiting.reverse()) answer();
    await expect.poll(received).toMatch(/\/1HTTP.*\/2HTTP.*\/3$/s);
    socket.destroy();
  });

  it('wait for one that is not, and it for them', async () => {
    const waiting: (() => void)[] = [];
    edge = await startEdge(
      ({ target }) => new Promise((resolve) => waiting.push(() => resolve(text(target)))),
    );
    const { socket, received } = open();
    const put = 'PUT /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc';
    socket.write(get('/1') + put + get('/3') + get('/4'));
    for (const asked of [1, 2, 3, 4]) {
      await expect.poll(() => waiting.length).toBe(asked);
      await delay(20);
      expect(edge.asked).toHaveLength(asked);
      for (const answer of waiting) answer();
    }
    await expect.poll(received).toMatch(/\/1HTTP.*\/2HTTP.*\/3HTTP.*\/4$/s);
    socket.destroy();
  });
});

describe('what broke off', () => {
  it('while it waited for its turn is never handled; what is whole is', async () => {
    const waiting: (() => void)[] = [];
    edge = await startEdge(
      ({ target }) => new Promise((resolve) => waiting.push(() => resolve(text(target)))),
    );
    const { socket, received } = open();
    const put = (target: string) => `PUT ${target} HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;
    socket.write(`${get('/1')}${put('/2')}0\r\n\r\n${put('/3')}nonsense`);
    for (const asked of [1, 2]) {
      await expect.poll(() => waiting.length).toBe(asked);
      waiting[asked - 1]!();
    }
    await once(socket, 'close');
    expect(statusesOf(received())).toEqual([200, 200, 400]);
    expect(edge.asked).toEqual(['GET /1', 'PUT /2']);
  });

  const post = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n';

  it('in its content gets a 400, and its reader an error', async () => {
    let broke = false;
    edge = await startEdge((request) => {
      request.body!.resume().on('error', () => {
        broke = true;
      });
      return new Promise(() => {});
    });
    expect(statusesOf(await sendRaw(edge.url, `${post}nonsense`))).toEqual([400]);
    await expect.poll(() => broke).toBe(true);
  });

  it('after its answer has begun is cut', async () => {
    edge = await startEdge((request) => {
      request.body!.on('error', () => {});
      return { status: 200, fields: [], body: request.body };
    });
    const { socket, received } = open();
    socket.write(post);
    await expect.poll(received).toMatch(/abc\r\n$/);
    socket.write('nonsense');
    await once(socket, 'close');
    expect(statusesOf(received())).toEqual([200]);
    expect(received()).toMatch(/abc\r\n$/);
  });

  it('after its answer gets no second one', async () => {
    edge = await startEdge(() => refusal(403));
    const { socket, received } = open();
    socket.write(post);
    await expect.poll(received).toMatch(/\}$/);
    socket.write('nonsense');
    await once(socket, 'close');
    expect(statusesOf(received())).toEqual([403]);
  });
});

describe('a client that is slow', () => {
  const limits = { headersMs: 100, requestMs: 200, checkMs: 20 };

  it('with its header section gets a 408', async () => {
    edge = await startEdge(() => text('x'), { limits });
    const received = await sendRaw(edge.url, 'GET / HTTP/1.1\r\nHost');
    expect(statusesOf(received)).toEqual([408]);
    expect(received).toMatch(/Connection: close\r\n\r\n\{"error":"[^"]+"\}$/);
  });

  it('with its content gets a 408', async () => {
    edge = await startEdge((request) => new Promise(() => request.body!.resume().on('error', () => {})), {
      limits,
    });
    const received = await sendRaw(edge.url, 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc');
    expect(statusesOf(received)).toEqual([408]);
  });

  it('with everything gets nothing', async () => {
    edge = await startEdge(() => text('x'), { limits });
    expect(await sendRaw(edge.url, '')).toBe('');
  });

  it('in asking for more is not one', async () => {
    edge = await startEdge(({ target }) => text(target), { limits });
    const { socket, received } = open();
    socket.write(get('/1'));
    await delay(400);
    socket.write(get('/2', CLOSE));
    await once(socket, 'close');
    expect(statusesOf(received())).toEqual([200, 200]);
  });
});

it('HTTP to a port with TLS is cut, and harms nobody', async () => {
  const { cert, private: key } = await generate();
  edge = await startEdge(() => text('x'), { tls: { cert: Buffer.from(cert), key: Buffer.from(key) } });
  expect(await sendRaw(edge.url, get('/'))).toBe('');
  expect(edge.asked).toEqual([]);
});

describe('an upgrade that nobody takes (RFC 9110 §7.8)', () => {
  const upgrade = 'Connection: Upgrade\r\nUpgrade: h2c\r\n';

  it('is an ordinary request, and the connection goes on', async () => {
    edge = await startEdge(async (request) => {
      let content = '';
      for await (const chunk of request.body ?? []) content += String(chunk);
      return text(`${request.method} ${content} ${request.upgrade}`);
    });
    const { socket, received } = open();
    for (let i = 0; i < 3; i++) {
      socket.write(get('/', upgrade));
      await expect.poll(() => statusesOf(received()).length).toBe(i + 1);
    }
    socket.write(`POST / HTTP/1.1\r\n${HOST}${upgrade}Content-Length: 4\r\n\r\nab`);
    await delay(20);
    socket.write(`cd${get('/', CLOSE)}`);
    await once(socket, 'close');
    expect(received().match(/(?:GET|POST) \w* null/g)).toEqual([
      ...Array(3).fill('GET  null'),
      'POST abcd null',
      'GET  null',
    ]);
  });

  it('over TLS too', async () => {
    const { cert, private: key } = await generate();
    edge = await startEdge(({ target }) => text(target), {
      tls: { cert: Buffer.from(cert), key: Buffer.from(key) },
    });
    const socket = connectTls({
      port: Number(new URL(edge.url).port),
      host: '127.0.0.1',
      rejectUnauthorized: false,
    });
    let received = '';
    socket.on('data', (chunk) => {
      received += String(chunk);
    });
    socket.write(get('/1', upgrade) + get('/2', upgrade) + get('/3', CLOSE));
    await once(socket, 'close');
    expect(received).toMatch(/\/1HTTP.*\/2HTTP.*\/3$/s);
  });

  it.each([
    ['an upgrade', get('/last', `${upgrade}`) + get('/end', CLOSE), [200, 200, 200]],
    ['CONNECT', `CONNECT x:1 HTTP/1.1\r\n${HOST}\r\n`, [200, 405]],
  ])('does not break off a long answer before it: %s', async (_, behind, expected) => {
    const long = () => Readable.from(Array.from({ length: 64 }, () => Buffer.alloc(256 * 1024, 'x')));
    edge = await startEdge(({ target }) =>
      target === '/long' ? { status: 200, fields: [], body: long() } : text('y'),
    );
    const { socket, received } = open();
    socket.pause();
    socket.write(get('/long') + behind);
    await expect.poll(() => edge.asked.length).toBe(1);
    await delay(50);
    socket.resume();
    await once(socket, 'close');
    expect(statusesOf(received())).toEqual(expected);
    expect(received().length).toBeGreaterThan(16 * 1024 * 1024);
  });
});
