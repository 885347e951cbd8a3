import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { OriginRequest } from '../../src/gateway/origin-client.ts';
import { ask, client, origin, read, start } from '../support/asked-origin.ts';
import { eventually, plainResponse, type RawAnswer, textOf } from '../support/raw-origin.ts';

describe('a connection that breaks before the answer', () => {
  /** Answers the first request of each connection and breaks off at the next. */
  const afterOne =
    (breakOff: (socket: Socket) => void): RawAnswer =>
    (socket, { nth }) => {
      if (nth === 1) socket.write(plainResponse('abc'));
      else breakOff(socket);
    };
  const FIN = (socket: Socket) => void socket.end();
  const RST = (socket: Socket) => void socket.resetAndDestroy();

  it.each([
    ['GET', null, FIN],
    ['GET', null, RST],
    ['HEAD', null, RST],
    ['OPTIONS', null, FIN],
    ['DELETE', null, RST],
    ['PUT', Buffer.from('content'), RST],
    ['QUERY', Buffer.from('content'), FIN],
  ] as const)('and was used before is replaced once: %s with %j', async (method, body, breakOff) => {
    await start(afterOne(breakOff));
    expect(await read()).toBe('abc');
    const response = await ask({ method, body });
    expect(await textOf(response.body)).toBe(method === 'HEAD' ? '' : 'abc');
    expect(origin.asked.map((line) => line.split(' ')[0])).toEqual(['GET', method, method]);
  });

  it('is not replaced a second time', async () => {
    let answered = 0;
    await start((socket, { nth }) => {
      answered += nth === 1 ? 1 : 0;
      if (nth === 1 && answered === 1) socket.write(plainResponse('abc'));
      else RST(socket);
    });
    expect(await read()).toBe('abc');
    await expect(ask()).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
    expect(origin.asked).toHaveLength(3);
  });

  it.each(['GET', 'PUT'])('and is new is no race: %s', async (method) => {
    await start(RST);
    await expect(ask({ method })).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
    expect(origin.asked).toHaveLength(1);
  });

  const content = Buffer.from('content');
  it.each<[string, () => Partial<OriginRequest>]>([
    ['a POST', () => ({ method: 'POST' })],
    ['a POST with content', () => ({ method: 'POST', body: content })],
    ['a PATCH', () => ({ method: 'PATCH', body: content })],
    ['a stream', () => ({ method: 'PUT', body: Readable.from([content]), fields: ['Content-Length', '7'] })],
  ])('may have carried what is not sent twice: %s', async (_, request) => {
    await start(afterOne(RST));
    expect(await read()).toBe('abc');
    await expect(ask(request())).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
    expect(origin.asked).toHaveLength(2);
  });

  it.each([
    ['a byte of it', 'H'],
    ['an interim response', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
    ['a part of the header section', 'HTTP/1.1 200 OK\r\nX-A: '],
    ['nonsense', 'nonsense'],
  ])('is not replaced after %s', async (_, begun) => {
    await start(afterOne((socket) => void socket.end(begun)));
    expect(await read()).toBe('abc');
    await expect(ask()).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
    expect(origin.asked).toHaveLength(2);
  });

  it('is not replaced after the header section: the content fails', async () => {
    await start(afterOne((socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n')));
    expect(await read()).toBe('abc');
    const { body } = await ask();
    await expect(textOf(body)).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
    expect(origin.asked).toHaveLength(2);
  });

  it('is not replaced where only time ran out', async () => {
    await start(
      afterOne(() => {}),
      { connectMs: 50, headersMs: 300 },
    );
    // A first answer that is late on a slow machine is no matter of this test.
    while ((await read().catch(() => '')) !== 'abc');
    const before = origin.asked.length;
    await expect(ask()).rejects.toMatchObject({ code: 'ERR_ORIGIN_TIMEOUT' });
    expect(origin.asked).toHaveLength(before + 1);
  });
});

describe('a request that is given up', () => {
  it.each(['before it is sent', 'while it waits for a connection', 'while it waits for the answer'])(
    '%s ends at once',
    async (when) => {
      await start(() => {});
      const controller = new AbortController();
      const { signal } = controller;
      if (when === 'before it is sent') controller.abort();
      const first = when.includes('connection') ? ask().catch(() => {}) : undefined;
      const request = ask({ signal, target: '/given-up' });
      const expected = when === 'before it is sent' ? 0 : 1;
      await eventually(() => origin.asked.length === expected);
      controller.abort(new Error('the client left'));
      await expect(request).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
      await client.close();
      await first;
      expect(origin.asked.filter((line) => line.includes('/given-up'))).toHaveLength(
        when.includes('answer') ? 1 : 0,
      );
      await eventually(() => origin.connections.open === 0);
    },
  );

  it('while its content arrives fails the content and lets the connection go', async () => {
    await start('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc');
    const controller = new AbortController();
    const { body } = await ask({ signal: controller.signal });
    const reading = textOf(body);
    controller.abort(new Error('the client left'));
    await expect(reading).rejects.toThrow('the client left');
    await eventually(() => origin.connections.left === 1);
  });

  it('while it waits does not take the place of those after it', async () => {
    const held: Socket[] = [];
    await start((socket, { text }) => {
      if (text.startsWith('GET /slow ')) held.push(socket);
      else socket.write(plainResponse('abc'));
    });
    const slow = read({ target: '/slow' });
    const controller = new AbortController();
    const left = ask({ target: '/left', signal: controller.signal });
    const after = read({ target: '/after' });
    await eventually(() => held.length === 1);
    controller.abort();
    await expect(left).rejects.toThrow();
    held[0]!.write(plainResponse('slow'));
    expect(await Promise.all([slow, after])).toEqual(['slow', 'abc']);
    expect(origin.asked).toEqual(['GET /slow HTTP/1.1', 'GET /after HTTP/1.1']);
  });

  it('leaves nothing that listens to its signal', async () => {
    await start((socket, { text }) => {
      if (text.startsWith('GET /304 ')) socket.write('HTTP/1.1 304 Not Modified\r\n\r\n');
      else if (text.startsWith('GET /bad ')) socket.end('nonsense');
      else if (text.startsWith('GET /cut ')) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc');
      else socket.write(plainResponse('abc'));
    });
    let listening = 0;
    const { signal } = new AbortController();
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listening += 1;
      add(...args);
    };
    const removed = new Set<unknown>();
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      if (!removed.has(args[1])) listening -= 1;
      removed.add(args[1]);
      remove(...args);
    };
    expect(await read({ signal })).toBe('abc');
    expect(await read({ signal, target: '/304' })).toBe('');
    await expect(ask({ signal, target: '/bad' })).rejects.toThrow();
    await expect(read({ signal, target: '/cut' })).rejects.toThrow();
    await eventually(() => listening === 0);
  });
});

describe('content that nobody reads', () => {
  const LONG = `HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n${'x'.repeat(200_000)}`;

  it.each([
    ['not at all', async () => {}],
    [
      'to its end',
      async (body: Readable) => {
        await once(body, 'data');
      },
    ],
  ])('%s does not keep its connection', async (_, readSome) => {
    await start((socket, { text }) => {
      socket.write(text.startsWith('GET /long ') ? LONG : plainResponse('abc'));
    });
    for (let i = 0; i < 5; i++) {
      const { body } = await ask({ target: '/long' });
      await readSome(body);
      body.destroy();
      expect(await read()).toBe('abc');
    }
    await eventually(() => origin.connections.open === 1);
  });

  it('but has arrived costs nothing', async () => {
    await start(plainResponse('abc'));
    for (let i = 0; i < 5; i++) {
      const { body } = await ask();
      await once(body, 'readable');
      body.destroy();
    }
    expect(origin.asked).toHaveLength(5);
  });

  it('and that is not there costs nothing', async () => {
    await start('HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n');
    for (let i = 0; i < 5; i++) (await ask()).body.destroy();
    expect(origin.connections.total).toBe(1);
  });
});

describe('closing', () => {
  it('fails what is under way, what waits and what comes after', async () => {
    await start(
      (socket, { text }) => {
        if (text.startsWith('GET /begun ')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc');
      },
      { connections: 2 },
    );
    const { body } = await ask({ target: '/begun' });
    const reading = textOf(body);
    const unanswered = [ask(), ask()];
    const failures = Promise.allSettled([reading, ...unanswered]);
    await eventually(() => origin.asked.length === 2);
    await client.close();
    expect((await failures).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    await expect(ask()).rejects.toMatchObject({ code: 'ERR_ORIGIN_PROTOCOL' });
    await eventually(() => origin.connections.open === 0);
  });
});
