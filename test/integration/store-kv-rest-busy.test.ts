import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createKvRestStore } from '../../src/store/kv-rest/kv-rest-store.ts';
import type { Store } from '../../src/store/store.ts';

// A KV service that has enough of us, and says so.

let server: Server;
let store: Store;
let requests = 0;
let status = 200;
let retryAfter: string | undefined;
let words: string;

beforeEach(async () => {
  [requests, status, retryAfter, words] = [0, 200, undefined, '<html>busy</html>'];
  server = createServer((request, response) => {
    requests += 1;
    request.resume().on('end', () => {
      if (retryAfter !== undefined) response.setHeader('Retry-After', retryAfter);
      response.writeHead(status).end(status === 200 ? '[{"result":"PONG"}]' : words);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  store = createKvRestStore({ url, token: 'token' });
});
afterEach(async () => {
  vi.useRealTimers();
  await store.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const refused = () => expect(store.ping()).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });

describe('a KV service that says when to come back', () => {
  it.each([429, 503])('with %i is left alone so long, and asked again then', async (busy) => {
    vi.useFakeTimers({ toFake: ['performance'] });
    [status, retryAfter] = [busy, '2'];
    await refused();
    status = 200;
    await refused();
    vi.advanceTimersByTime(1_990);
    await refused();
    expect(requests).toBe(1);
    vi.advanceTimersByTime(20);
    await store.ping();
    expect(requests).toBe(2);
  });

  it('is away from its first word on, though that be a refusal', async () => {
    [status, retryAfter, words] = [429, '2', '{"error":"ERR max daily request limit exceeded"}'];
    await refused();
    await refused();
    expect(requests).toBe(1);
  });

  it('is left alone for half a minute at most', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    [status, retryAfter] = [429, '86400'];
    await refused();
    status = 200;
    vi.advanceTimersByTime(30_010);
    await store.ping();
  });

  it.each([
    [503, undefined],
    [503, '0'],
    [503, 'soon'],
    [503, '-1'],
    [500, '60'],
    [429, '1e9'],
  ])('not by %i with %s', async (code, value) => {
    [status, retryAfter] = [code, value];
    await refused();
    status = 200;
    await store.ping();
    expect(requests).toBe(2);
  });
});
