import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { createNodeListener } from '../../src/adapters/node.ts';
import { type NodeServer, startNodeServer } from '../../src/adapters/node-server.ts';
import type { Exchange } from '../../src/gateway/exchange.ts';
import { createForwarding } from '../../src/gateway/forwarding.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import { createPresentation } from '../../src/gateway/presentation.ts';
import type { Service } from '../../src/gateway/service.ts';
import { createMethodStep } from '../../src/gateway/steps/method-step.ts';
import { createUpgradeStep } from '../../src/gateway/steps/upgrade-step.ts';
import { createUpgradeClient } from '../../src/gateway/upgrade-client.ts';
import type { Upstream } from '../../src/gateway/upstream.ts';
import { text } from '../support/edge.ts';
import { sendRaw, statusesOf } from '../support/raw-client.ts';

// Requests to change the protocol (RFC 9110 §7.8) on their whole way, with real sockets on both sides.

let origin: Server;
let gate: NodeServer;
let originSockets: Duplex[];
let asked: IncomingMessage[];
afterEach(async () => {
  await gate.close(100);
  for (const socket of originSockets) socket.destroy();
  origin.closeAllConnections();
  origin.close();
});

interface Setting {
  /** What the origin does once it was asked to change; by default it agrees, and echoes in capitals. */
  readonly change?: (request: IncomingMessage, socket: Duplex) => void;
  readonly passed?: readonly string[];
  readonly server?: readonly string[];
  readonly fields?: 'all' | readonly string[];
  readonly deadlineMs?: number;
}

const AGREED =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: yes\r\n';

function echo(_request: IncomingMessage, socket: Duplex): void {
  socket.write(`${AGREED}\r\nHELLO `);
  socket.on('data', (chunk) => socket.write(String(chunk).toUpperCase()));
  socket.on('end', () => socket.end());
}

async function start(setting: Setting = {}): Promise<void> {
  const {
    change = echo,
    passed = ['websocket'],
    server = passed,
    fields = 'all',
    deadlineMs = 10_000,
  } = setting;
  asked = [];
  originSockets = [];
  origin = createServer((request, response) => {
    asked.push(request);
    response.end('plain');
  });
  origin.on('upgrade', (request, socket, head) => {
    asked.push(request);
    originSockets.push(socket);
    socket.on('error', () => {});
    socket.unshift(head);
    change(request, socket);
  });
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const policy = {
    ...{
      fields,
      cookies: true,
      authorization: true,
      webOrigin: true,
      sessionCookie: null,
      sessionField: null,
    },
    ...{ ownFields: { 'X-Own': '1' }, requestDirectives: true },
  };
  const upstream = {
    baseUri: `http://127.0.0.1:${(origin.address() as AddressInfo).port}/base`,
    forwarding: createForwarding(policy),
    present: createPresentation({
      ownFields: { 'X-Gate': '1' },
      ownCors: false,
      gated: false,
      targetedFields: [],
    }),
  } as unknown as Upstream;
  const service = {
    ...{
      name: 'test',
      prefix: '/',
      methods: [],
      transformed: false,
      keyedMethods: [],
      limits: null,
      stallMs: 1_000,
    },
    hasParts: false,
    logoutSteps: [],
    steps: [
      createMethodStep(['GET', 'POST']),
      createUpgradeStep({
        protocols: passed,
        upstream,
        client: createUpgradeClient(new URL(upstream.baseUri), deadlineMs, null),
      }),
      ({ request }: Exchange) => text(`ordinary ${request.method}`),
    ],
    map: (_method: string, path: string) => ({ target: path }),
    keyOf: (target: string) => target,
    parts: { upstream, cache: null, sharedBy: 'all', tags: [], checks: [] },
    respond: () => null,
    drain: async () => {},
    close: async () => {},
  } satisfies Service as Service;
  const gateway = createGateway({ services: [service], clock: { now: () => Date.now() }, observer: {} });
  gate = await startNodeServer({
    address: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    tls: null,
    listener: createNodeListener(gateway, () => {}),
    upgrades: server,
  });
}

const handshake = (change: Record<string, string> = {}, line = 'GET /chat HTTP/1.1') => {
  const fields = {
    Host: 'x',
    Connection: 'Upgrade',
    Upgrade: 'WebSocket',
    'Sec-WebSocket-Key': 'k',
    ...change,
  };
  return `${[line, ...Object.entries(fields).map((field) => field.join(': '))].join('\r\n')}\r\n\r\n`;
};

function open(): { socket: Socket; received: () => string } {
  const socket = connect({ port: Number(new URL(gate.url).port), host: '127.0.0.1', allowHalfOpen: true });
  let received = '';
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  return { socket, received: () => received };
}

describe('a change to a protocol that the service passes on', () => {
  it('joins both connections, with all that was said before it', async () => {
    await start();
    const { socket, received } = open();
    socket.write(`${handshake()}early `);
    await expect.poll(received).toMatch(/HELLO EARLY $/);
    socket.write('later ');
    await expect.poll(received).toMatch(/HELLO EARLY LATER $/);
    expect(received()).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(received()).toMatch(/\r\nSec-WebSocket-Accept: yes\r\n/);
    expect(received()).toMatch(/\r\nX-Gate: 1\r\n/);
    expect(received()).toMatch(/\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n/);
    expect(received().match(/connection:/gi)).toHaveLength(1);
    expect(received()).not.toMatch(/transfer-encoding|content-length/i);
    socket.destroy();
    await expect.poll(() => originSockets[0]!.destroyed).toBe(true);
  });

  it('is asked for with the fields of any request, and its own', async () => {
    await start({ fields: [] });
    const { socket, received } = open();
    socket.write(
      handshake({
        'Sec-WebSocket-Protocol': 'chat',
        'X-Other': 'y',
        Cookie: 'a=b',
        Connection: 'Upgrade, X-Hop',
      }),
    );
    await expect.poll(received).toMatch(/HELLO/);
    const { headers, url } = asked[0]!;
    expect(url).toBe('/base/chat');
    expect(headers).toMatchObject({
      ...{ connection: 'Upgrade', upgrade: 'websocket', 'x-own': '1', via: '1.1 cachegate' },
      ...{ 'sec-websocket-key': 'k', 'sec-websocket-protocol': 'chat' },
    });
    expect(headers.host).toBe(`127.0.0.1:${(origin.address() as AddressInfo).port}`);
    expect(headers).not.toHaveProperty('x-other');
    expect(headers).not.toHaveProperty('cookie');
    socket.destroy();
  });

  it('carries what is more than anyone holds, both ways at the pace of its reader', async () => {
    await start({
      change: (_request, socket) => {
        socket.write(`${AGREED}\r\n`);
        socket.pipe(socket);
      },
    });
    const { socket } = open();
    const size = 32 * 1024 * 1024;
    let received = 0;
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
    });
    socket.write(handshake());
    socket.write(Buffer.alloc(size));
    socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 100));
    socket.resume();
    await expect.poll(() => received, { timeout: 15_000 }).toBeGreaterThan(size);
    socket.destroy();
  });

  it.each<[string, (client: Socket, origin: Duplex) => void]>([
    ['the client ends', (client) => client.end()],
    ['the client goes', (client) => client.resetAndDestroy()],
    ['the origin ends', (_, server) => server.end()],
    ['the origin goes', (_, server) => (server as Socket).resetAndDestroy()],
  ])('ends for both when %s', async (_, end) => {
    await start();
    const { socket, received } = open();
    socket.on('end', () => socket.end());
    socket.write(handshake());
    await expect.poll(received).toMatch(/HELLO/);
    end(socket, originSockets[0]!);
    await expect.poll(() => socket.destroyed && originSockets[0]!.destroyed).toBe(true);
  });

  it('ends with the server, at its deadline', async () => {
    await start();
    const { socket, received } = open();
    socket.write(handshake());
    await expect.poll(received).toMatch(/HELLO/);
    const closed = once(socket, 'close');
    socket.on('end', () => socket.end());
    expect(await gate.close(50)).toBe(false);
    await closed;
    await expect.poll(() => originSockets[0]!.destroyed).toBe(true);
  });

  it('is asked for behind the answers to the requests before it', async () => {
    await start();
    const { socket, received } = open();
    socket.write(`GET /first HTTP/1.1\r\nHost: x\r\n\r\n${handshake()}abc`);
    await expect.poll(received).toMatch(/ordinary GETHTTP\/1\.1 101 .*HELLO ABC$/s);
    socket.destroy();
  });
});

describe('an origin that does not change', () => {
  it('is heard as ever', async () => {
    await start({
      change: (_request, socket) => {
        socket.end(
          'HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\nContent-Length: 4\r\n\r\nlate',
        );
      },
    });
    const received = await sendRaw(gate.url, `${handshake()}GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n`);
    expect(statusesOf(received)).toEqual([426]);
    expect(received).toMatch(/Sec-WebSocket-Version: 13\r\n(?:.+\r\n)*Connection: close\r\n.*late$/s);
    expect(asked).toHaveLength(1);
  });

  it.each<[string, string | null, number]>([
    ['changes to another protocol', AGREED.replace('websocket', 'h2c'), 502],
    ['changes to none', 'HTTP/1.1 101 Switching Protocols\r\n', 502],
    ['says what is no answer', 'nonsense', 502],
    ['says nothing and goes', '', 502],
    ['says nothing at all', null, 504],
  ])('but %s', async (_, says, status) => {
    await start({
      deadlineMs: says === null ? 100 : 10_000,
      change: (_request, socket) => {
        socket.resume().on('end', () => socket.end());
        if (says !== null) socket.end(says === '' ? '' : `${says}\r\n`);
      },
    });
    const received = await sendRaw(gate.url, handshake());
    expect(statusesOf(received)).toEqual([status]);
    expect(received).toMatch(/\{"error":"[^"]+"\}$/);
    await expect.poll(() => originSockets[0]!.destroyed).toBe(true);
  });

  it('because it is not there is a 502', async () => {
    await start();
    origin.close();
    expect(statusesOf(await sendRaw(gate.url, handshake()))).toEqual([502]);
  });
});

describe('a request to change that is answered as any other', () => {
  it.each<[string, Setting, string]>([
    ['with a protocol that nobody passes on', {}, handshake({ Upgrade: 'h2c' })],
    [
      'with a protocol that only another service passes on',
      { passed: [], server: ['websocket'] },
      handshake(),
    ],
    ['in HTTP/1.0', {}, handshake({}, 'GET /chat HTTP/1.0')],
    ['without Connection: Upgrade', {}, handshake({ Connection: 'keep-alive' })],
  ])('%s', async (_, setting, sent) => {
    await start(setting);
    const { socket, received } = open();
    socket.write(sent);
    await expect.poll(received).toMatch(/^HTTP\/1\.1 200 OK\r\n.*ordinary GET$/s);
    expect(asked).toEqual([]);
    socket.destroy();
  });

  it('with content, which comes first', async () => {
    await start();
    const { socket, received } = open();
    socket.write(`${handshake({ 'Content-Length': '3' }, 'POST /chat HTTP/1.1')}abc`);
    await expect.poll(received).toMatch(/ordinary POST$/);
    socket.destroy();
  });

  it('where a step before it refuses', async () => {
    await start();
    expect(statusesOf(await sendRaw(gate.url, handshake({}, 'PUT /chat HTTP/1.1')))).toEqual([405]);
    expect(statusesOf(await sendRaw(gate.url, handshake({}, 'GET /a/../chat HTTP/1.1')))).toEqual([400]);
    expect(asked).toEqual([]);
  });

  it('is one of several that the client would take', async () => {
    await start();
    const { socket, received } = open();
    socket.write(handshake({ Upgrade: 'h2c, WebSocket' }));
    await expect.poll(received).toMatch(/HELLO/);
    expect(asked[0]!.headers.upgrade).toBe('websocket');
    socket.destroy();
  });
});
