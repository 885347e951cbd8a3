import { Agent, request as send } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type RunningProxy, startProxy } from '../support/proxy.ts';

// Origins that answer what was not asked, or before it was asked to the end.

let proxy: RunningProxy;
afterEach(() => proxy.close());

interface Received {
  readonly status: number;
  readonly connection: string | undefined;
}

function ask(agent: Agent, method: string, path: string, content?: Buffer): Promise<Received> {
  return new Promise((resolve, reject) => {
    const outgoing = send(new URL(path, proxy.url), { method, agent }, (response) => {
      response.resume().once('end', () => {
        resolve({ status: response.statusCode!, connection: response.headers.connection });
      });
    });
    outgoing.once('error', reject);
    outgoing.end(content);
  });
}

describe('an origin that answers an upload before its end', () => {
  it('leaves no client waiting for the next answer', async () => {
    proxy = await startProxy((request, response) => {
      // The first bytes are enough to say no.
      if (request.method === 'POST') request.once('data', () => response.writeHead(401).end('no'));
      else response.end('yes');
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const refused = await ask(agent, 'POST', '/upload', Buffer.alloc(16_000_000)).catch(() => null);
    if (refused !== null) expect(refused).toEqual({ status: 401, connection: 'close' });
    expect((await ask(agent, 'GET', '/next')).status).toBe(200);
    agent.destroy();
  });
});

describe('a 206 that nobody asked for (RFC 9110 §15.3.7)', () => {
  it('is neither passed on as the whole nor stored', async () => {
    let whole = false;
    proxy = await startProxy((_request, response) => {
      const fields = { 'Cache-Control': 'max-age=60', ETag: '"1"' };
      if (whole) response.writeHead(200, fields).end('0123456789');
      else response.writeHead(206, { ...fields, 'Content-Range': 'bytes 0-4/10' }).end('01234');
    });
    expect((await fetch(proxy.url)).status).toBe(502);
    whole = true;
    const answer = await fetch(proxy.url);
    expect([answer.status, await answer.text()]).toEqual([200, '0123456789']);
    expect(answer.headers.get('cache-status')).toContain('fwd=uri-miss');
  });
});
