import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { connect, createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { holdResponse } from './held-response.ts';
import { refusal } from './refusal.ts';
import type { Committed, RequestParts } from './request-parts.ts';

const COOKIE = 'session=a; Path=/';
const STORED: Committed = { cookies: [COOKIE], failure: null };
const UNSTORED: Committed = { cookies: [], failure: { error: new Error('away'), refusal: refusal(503) } };

/** The session of one request, which is stored when the test says so. */
class ManualParts {
  needed = true;
  sealed = false;
  commits = 0;
  readonly logged: string[] = [];
  readonly logError = (text: string) => this.logged.push(text);
  #settle: (committed: Committed) => void = () => {};
  readonly #committed = new Promise<Committed>((resolve) => {
    this.#settle = resolve;
  });

  needsCommit(): boolean {
    return this.needed;
  }

  commit(): Promise<Committed> {
    this.commits += 1;
    this.needed = false;
    return this.#committed;
  }

  async commitLate(): Promise<boolean> {
    return (await this.commit()).failure === null;
  }

  seal(): void {
    this.sealed = true;
  }

  settle(committed: Committed): void {
    this.#settle(committed);
  }
}

describe('Hold', () => {
  let server: Server;
  let parts: ManualParts;
  let handle: (response: ServerResponse) => void;

  beforeEach(async () => {
    parts = new ManualParts();
    server = createServer((_request, response) => {
      holdResponse(response, parts as unknown as RequestParts);
      handle(response);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterEach(async () => {
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });

  async function ask(): Promise<{ answer: IncomingMessage; body: string }> {
    const asked = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }).end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    return { answer, body: await text(answer) };
  }

  const inTurn = () => new Promise((resolve) => setImmediate(resolve));

  it('lets an answer pass at once whose request has set nothing', async () => {
    parts.needed = false;
    handle = (response) => {
      response.writeHead(200, { 'X-A': 'b' });
      expect(response.headersSent).toBe(true);
      response.end('whole');
    };
    const { answer, body } = await ask();
    expect(body).toBe('whole');
    expect(answer.headers).toMatchObject({ 'x-a': 'b' });
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it('holds all of an answer, in order, and seems to have sent it', async () => {
    const seen: unknown[] = [];
    handle = (response) => {
      response.writeHead(201, 'Made', { 'X-A': 'b' });
      seen.push(response.headersSent, response.write('one, '), response.writableEnded);
      response.end('two', () => seen.push('called back'));
      seen.push(response.writableEnded);
      void inTurn().then(() => {
        seen.push(response.socket!.bytesWritten);
        parts.settle(STORED);
      });
    };
    const { answer, body } = await ask();
    expect(answer).toMatchObject({ statusCode: 201, statusMessage: 'Made' });
    expect(answer.headers).toMatchObject({ 'x-a': 'b', 'set-cookie': [COOKIE], 'cache-control': 'no-store' });
    expect(body).toBe('one, two');
    expect(seen).toEqual([true, false, false, true, 0, 'called back']);
  });

  it('keeps the cookies and the fields apart that a list names several times', async () => {
    const shared = ['theme=dark', 'lang=en'];
    handle = (response) => {
      response.setHeader('X-Set', 'before');
      response.writeHead(200, ['Set-Cookie', 'a=1', 'set-cookie', 'b=2', 'Link', '<a>', 'Link', '<b>']);
      response.end();
      parts.settle(STORED);
    };
    const list = (await ask()).answer;
    expect(list.headers['set-cookie']).toEqual(['a=1', 'b=2', COOKIE]);
    expect(list.headers).toMatchObject({ link: '<a>, <b>', 'x-set': 'before' });
    parts.needed = true;
    handle = (response) => {
      response.setHeader('Set-Cookie', shared);
      response.setHeader('Cache-Control', 'private');
      response.end();
    };
    const { headers } = (await ask()).answer;
    expect(headers['set-cookie']).toEqual([...shared, COOKIE]);
    expect(headers['cache-control']).toBe('private');
    expect(shared).toEqual(['theme=dark', 'lang=en']);
  });

  it('takes raw fields of all the forms that Node takes', async () => {
    handle = (response) => {
      response.writeHead(200, ['Set-Cookie', ['a=1', 'b=2'], 'X-A', 'b'] as never);
      response.end();
      parts.settle(STORED);
    };
    const flat = (await ask()).answer;
    expect(flat.headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2', COOKIE], 'x-a': 'b' });
    parts.needed = true;
    const pairs = [
      ['Set-Cookie', ['a=1', 'b=2']],
      ['X-A', 'b'],
    ];
    handle = (response) => {
      response.writeHead(200, pairs as never).end();
    };
    const paired = (await ask()).answer;
    expect(paired.headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2', COOKIE], 'x-a': 'b' });
  });

  it('takes the head once from middleware that looks for it in Node’s own `_header`', async () => {
    handle = (response) => {
      const own = response as unknown as { _header: string | null; _implicitHeader(): void };
      for (const chunk of ['one, ', 'two, ']) {
        if (own._header === null) own._implicitHeader();
        response.write(chunk);
      }
      response.end('three');
      parts.settle(STORED);
    };
    const { answer, body } = await ask();
    expect(answer.headers['set-cookie']).toEqual([COOKIE]);
    expect(body).toBe('one, two, three');
  });

  it('stores what is set between the first byte and the end, and lets nothing be set later', async () => {
    handle = (response) => {
      response.write('one, ');
      parts.needed = true;
      expect(parts.sealed).toBe(false);
      response.end('two');
      expect(parts.sealed).toBe(true);
      parts.settle(STORED);
    };
    expect((await ask()).body).toBe('one, two');
    expect(parts).toMatchObject({ commits: 2, needed: false });
  });

  it('refuses the whole answer where what is set after its first byte can not be stored', async () => {
    const commits = [STORED, UNSTORED];
    parts.commit = async () => {
      parts.needed = false;
      return commits.shift()!;
    };
    handle = (response) => {
      response.write('one, ');
      parts.needed = true;
      response.end('two');
    };
    const { answer } = await ask();
    expect(answer.statusCode).toBe(503);
    // The session that the first has begun.
    expect(answer.headers['set-cookie']).toEqual([COOKIE]);
  });

  it('stores what was set in an answer that its client has left', async () => {
    parts.needed = false;
    handle = (response) => {
      response.writeHead(200).write('one');
      parts.needed = true;
    };
    const asked = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }).end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    answer.on('error', () => {});
    asked.destroy();
    await vi.waitFor(() => expect(parts).toMatchObject({ commits: 1, sealed: true }));
  });

  it('says `drain` to who waits, once all is on its way', async () => {
    handle = (response) => {
      expect(response.write('one, ')).toBe(false);
      response.once('drain', () => response.end('two'));
      parts.settle(STORED);
    };
    expect((await ask()).body).toBe('one, two');
  });

  it('sends the refusal in the place of an answer, whose rest goes nowhere', async () => {
    const seen: unknown[] = [];
    handle = (response) => {
      response.setHeader('X-Kept', 'yes');
      response.setHeader('Content-Encoding', 'gzip');
      response.writeHead(200, { 'Content-Type': 'text/plain', ETag: '"a"', 'Content-Length': 7 });
      response.write('one', () => seen.push('called back'));
      response.once('drain', () => {
        seen.push(response.write('two'));
        response.end('end', () => seen.push('called back'));
      });
      parts.settle(UNSTORED);
    };
    const { answer, body } = await ask();
    expect(answer.statusCode).toBe(503);
    expect(answer.headers).toMatchObject({ 'x-kept': 'yes', 'content-type': 'application/json' });
    expect(answer.headers.etag ?? answer.headers['content-encoding']).toBeUndefined();
    expect(answer.headers['content-length']).toBe(String(body.length));
    expect(JSON.parse(body)).toEqual({ error: 'Sessions cannot be stored now' });
    await inTurn();
    expect(seen).toEqual(['called back', true, 'called back']);
  });

  it('leaves an answer of 5xx as it is', async () => {
    handle = (response) => {
      response.writeHead(502).end('the handler’s own');
      parts.settle(UNSTORED);
    };
    const { answer, body } = await ask();
    expect(answer.statusCode).toBe(502);
    expect(body).toBe('the handler’s own');
  });

  it('answers 500 for what Node does not send', async () => {
    handle = (response) => {
      response.writeHead(200, { 'X-Bad': 'line\nbreak' }).end('never');
      parts.settle(STORED);
    };
    const { answer, body } = await ask();
    expect(answer.statusCode).toBe(500);
    expect(JSON.parse(body)).toEqual({ error: 'Internal server error' });
    expect(parts.logged).toEqual(['An answer could not be sent']);
  });

  it('cuts an answer that is written without end', async () => {
    const chunk = Buffer.alloc(1024 * 1024);
    handle = (response) => {
      for (let i = 0; i < 20; i += 1) response.write(chunk);
      response.end();
    };
    await expect(ask()).rejects.toThrow();
    expect(parts.logged).toEqual(['An answer was written too fast for what its session had to store']);
    parts.settle(STORED);
  });

  it('holds one chunk however large it is', async () => {
    handle = (response) => {
      response.write(Buffer.alloc(20 * 1024 * 1024, 'x'));
      response.end();
      parts.settle(STORED);
    };
    expect((await ask()).body).toHaveLength(20 * 1024 * 1024);
  });

  it('cuts an answer over HTTP/2 so that its client sees it', async () => {
    const http2 = createHttp2Server((_request, response) => {
      parts.needed = false;
      holdResponse(response as unknown as ServerResponse, parts as unknown as RequestParts);
      response.write('one, ');
      parts.needed = true;
      response.end('two');
      parts.settle(UNSTORED);
    }).listen(0, '127.0.0.1');
    await once(http2, 'listening');
    const client = connect(`http://127.0.0.1:${(http2.address() as AddressInfo).port}`);
    const asked = client.request();
    await expect(text(asked)).rejects.toThrow('NGHTTP2_INTERNAL_ERROR');
    client.close();
    http2.close();
    await once(http2, 'close');
  });

  it('stores what is set late before the end, and cuts the answer where that fails', async () => {
    const late = (response: ServerResponse) => {
      parts.needed = false;
      response.write('one, ');
      parts.needed = true;
      response.end('two');
    };
    handle = late;
    const whole = ask();
    parts.settle(STORED);
    expect((await whole).body).toBe('one, two');
    parts = new ManualParts();
    const cut = ask();
    parts.settle(UNSTORED);
    await expect(cut).rejects.toThrow('aborted');
  });
});
