import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, expect, it } from 'vitest';
import { warmReport } from '../../test/support/fake-operations.ts';
import { CachegateError } from '../errors.ts';
import type { WarmReport } from '../warm/warm-job.ts';
import { addWarmEvents } from './warm-events.ts';

const TIMES = { interval: 5, poll: 100, patience: 300, stalled: 400 };
const running: FastifyInstance[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.close()));
});

/** Serves the events of one job. */
async function serve(report: () => Promise<WarmReport | null>) {
  const server = fastify({ forceCloseConnections: true });
  running.push(server);
  let polls = 0;
  const counted = () => {
    polls += 1;
    return report();
  };
  addWarmEvents(server, { report: counted }, {}, TIMES);
  await server.listen({ port: 0, host: '127.0.0.1' });
  const { port } = server.server.address() as AddressInfo;
  const connections = () =>
    new Promise<number>((resolve) => server.server.getConnections((_, count) => resolve(count)));
  return { url: `http://127.0.0.1:${port}/warm/j/events`, port, polls: () => polls, connections };
}

const eventsIn = (text: string) =>
  text
    .split('\n\n')
    .filter(Boolean)
    .map((event) => {
      const [, name, data] = /^event: (\w+)\ndata: ([^\n]+)$/.exec(event)!;
      return [name, JSON.parse(data!)] as const;
    });

it('tells how a job goes on, and ends with it', async () => {
  const reports = [0, 1, 2, 3].map((warmed_count) => warmReport({ warmed_count }));
  const last = warmReport({
    state: 'done',
    warmed_count: 3,
    failures: [{ id: 'a\n\nevent: x', reason: '\u2028' }],
  });
  const { url } = await serve(async () => reports.shift() ?? last);
  const answer = await fetch(url);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
  ]);
  const events = eventsIn(await answer.text());
  expect(events.map(([name, { warmed_count }]) => [name, warmed_count])).toEqual([
    ['progress', 0],
    ['progress', 1],
    ['progress', 2],
    ['progress', 3],
    ['end', 3],
  ]);
  expect(events.at(-1)![1]).toEqual(last);
});

it('is over at once for a job that has ended, and is nothing where there is none', async () => {
  const over = await serve(async () => warmReport({ state: 'cancelled' }));
  expect(eventsIn(await (await fetch(over.url)).text()).map(([name]) => name)).toEqual(['end']);
  const none = await serve(async () => null);
  expect((await fetch(none.url)).status).toBe(404);
  const away = await serve(async () => Promise.reject(new CachegateError('ERR_STORE_TIMEOUT', 'away')));
  expect((await fetch(away.url)).status).toBe(500);
});

it('answers HEAD without a stream', async () => {
  const { url } = await serve(async () => warmReport());
  const answer = await fetch(url, { method: 'HEAD' });
  expect([answer.status, await answer.text()]).toEqual([200, '']);
});

it('tells again what was known while the store is away, then what the problem is', async () => {
  let polls = 0;
  const { url } = await serve(async () => {
    polls += 1;
    if (polls === 1) return warmReport();
    // Neither a report nor an error: the deadline of a poll is its own.
    if (polls === 2) return new Promise(() => {});
    throw new CachegateError('ERR_STORE_UNAVAILABLE', 'The store is away');
  });
  const events = eventsIn(await (await fetch(url)).text());
  expect(events.length).toBeGreaterThan(3);
  expect(new Set(events.slice(0, -1).map(([name]) => name))).toEqual(new Set(['progress']));
  expect(events.at(-1)).toEqual([
    'problem',
    expect.objectContaining({ status: 503, code: 'ERR_STORE_UNAVAILABLE', detail: 'The store is away' }),
  ]);
});

it('says that the job is forgotten', async () => {
  const reports = [warmReport(), null];
  const { url } = await serve(async () => reports.shift()!);
  const events = eventsIn(await (await fetch(url)).text());
  expect(events.map(([name]) => name)).toEqual(['progress', 'problem']);
  expect(events[1]![1]).toMatchObject({ status: 404 });
});

it('asks no more when the reader has left', async () => {
  const { port, polls, connections } = await serve(async () => warmReport());
  const socket = connect(port, '127.0.0.1');
  socket.write('GET /warm/j/events HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(socket, 'data');
  socket.destroy();
  await expect.poll(connections).toBe(0);
  const count = polls();
  await new Promise((resolve) => setTimeout(resolve, 20 * TIMES.interval));
  expect(polls() - count).toBeLessThanOrEqual(1);
});

it('has room for others again when readers left before the first report', async () => {
  let isSlow = true;
  const { url, port, polls, connections } = await serve(async () => {
    if (isSlow) await new Promise((resolve) => setTimeout(resolve, 50));
    return warmReport();
  });
  for (let i = 0; i < 40; i += 1) {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    const requests = 1 + (i % 2);
    socket.write('GET /warm/j/events HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(requests));
    const before = polls();
    await expect.poll(polls, { interval: 1 }).toBeGreaterThanOrEqual(before + requests);
    socket.destroy();
  }
  await expect.poll(connections).toBe(0);
  isSlow = false;
  const again = new AbortController();
  await expect
    .poll(async () => {
      const answer = await fetch(url, { signal: again.signal });
      if (answer.status === 503) await answer.text();
      return answer.status;
    })
    .toBe(200);
  again.abort();
});

it('takes many that come one behind another on one connection for no leak', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on('warning', note);
  const { port, polls } = await serve(async () => warmReport());
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write('GET /warm/j/events HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(32));
  await expect.poll(polls).toBeGreaterThan(64);
  socket.destroy();
  process.off('warning', note);
  expect(warnings.filter(({ name }) => name === 'MaxListenersExceededWarning')).toEqual([]);
});

it('cuts off who does not read, and holds no more than the buffers meanwhile', async () => {
  const reason = 'x'.repeat(200_000);
  const { port, polls, connections } = await serve(async () =>
    warmReport({ failures: [{ id: 'a', reason }] }),
  );
  const socket: Socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.pause();
  socket.write('GET /warm/j/events HTTP/1.1\r\nHost: a\r\n\r\n');
  await expect.poll(polls).toBeGreaterThan(1);
  await expect.poll(connections, { timeout: 10_000 }).toBe(0);
  // Of the two sockets' buffers, each some megabytes at most.
  expect(polls()).toBeLessThan(150);
  socket.destroy();
});

it('serves so many streams at once, and one more when one has ended', async () => {
  const { url } = await serve(async () => warmReport());
  const controllers = Array.from({ length: 32 }, () => new AbortController());
  await Promise.all(controllers.map(({ signal }) => fetch(url, { signal })));
  const refused = await fetch(url);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
  expect(await refused.json()).toMatchObject({ detail: 'There are 32 streams of events already' });
  controllers[0]!.abort();
  const again = new AbortController();
  await expect
    .poll(async () => {
      const answer = await fetch(url, { signal: again.signal });
      if (answer.status === 503) await answer.text();
      return answer.status;
    })
    .toBe(200);
  for (const controller of [...controllers, again]) controller.abort();
});
