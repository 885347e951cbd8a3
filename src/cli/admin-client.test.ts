import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type AdminClient, createAdminClient } from './admin-client.ts';
import { shapeOf } from './answer-shape.ts';
import { CommandFailure, NoAnswer } from './command-failure.ts';
import { followJob } from './follow-job.ts';

let server: Server;
let client: AdminClient;

async function serve(listener: RequestListener, token: string | null = null, deadlineMs?: number) {
  server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  client = await createAdminClient({ address, token }, deadlineMs);
}

afterEach(async () => {
  client.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const isAnything = (_: unknown): _ is unknown => true;
const isEmpty = shapeOf<{ a: number }>({ a: (found) => found === 1 });
const failure = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CommandFailure);
  expect((error as Error).message).toMatch(/^[\x20-\x7e]+$/);
  return error as CommandFailure;
};

describe('a client of the admin address', () => {
  it.each(
    ['', '<html>', '{}', '[]', 'null', '{"a":2}', '{"detail":"\\u001b[2J\\n\\u009b2J\\u202e"}'].flatMap(
      (body) => [200, 302, 400, 401, 403, 404, 500, 503].map((status) => [status, body] as const),
    ),
  )('says in a line that %i %j is not what was asked for', async (status, body) => {
    await serve((_, response) => response.writeHead(status).end(body));
    await failure(client.ask('GET', '/a', isEmpty));
    await failure(client.ask('POST', '/a', isEmpty, { body: { b: 1 }, notFound: 'c' }));
  });

  it('sends bodies and the token', async () => {
    await serve(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += String(chunk);
      const { authorization, 'content-type': type } = request.headers;
      response.end(JSON.stringify({ text, authorization, type, method: request.method }));
    }, 'a token');
    expect(await client.ask('POST', '/a', isAnything, { body: ['ü'] })).toEqual({
      ...{ text: '["ü"]', authorization: 'Bearer a token', type: 'application/json', method: 'POST' },
    });
    expect(JSON.parse((await client.text('/a'))!)).toEqual({
      ...{ text: '', authorization: 'Bearer a token', method: 'GET' },
    });
  });

  it('tells answers that are also ones, nothing, and a text that is not there', async () => {
    await serve((request, response) => response.writeHead(Number(request.url!.slice(1))).end('{"a":1}'));
    expect(await client.ask('GET', '/503', isEmpty, { also: [503] })).toEqual({ a: 1 });
    expect(await client.ask('DELETE', '/204', isAnything)).toBeNull();
    expect(await client.text('/404')).toBeNull();
    await failure(client.text('/500'));
  });

  it('has no answer in one that is late, or breaks off', async () => {
    await serve(
      (request, response) => {
        if (request.url === '/late') return;
        response.writeHead(200, { 'Content-Length': '100' }).write('{');
        setImmediate(() => response.destroy());
      },
      null,
      50,
    );
    expect((await failure(client.ask('GET', '/late', isAnything))).message).toContain('not in time');
    expect(await failure(client.ask('GET', '/half', isAnything))).toBeInstanceOf(NoAnswer);
    const events = client.events('/half', new AbortController().signal);
    expect(await failure(events.next())).toBeInstanceOf(NoAnswer);
  });
});

const report = {
  ...{ id: 'j', state: 'running', warmed_count: 1, failed_count: 0, total_requested: 3, duplicates: 0 },
  ...{ rate_per_second: 1, seconds_left: null, created_at: '', ended_at: null, failures: [] },
};
const eventOf = (part: object) => `event: progress\ndata: ${JSON.stringify({ ...report, ...part })}\n\n`;

describe('following a job', () => {
  it('goes on after a stream that broke off, and asks for the last word', async () => {
    let streams = 0;
    await serve((request, response) => {
      if (request.url === '/warm/j') {
        const state = streams === 1 ? 'running' : 'done';
        return void response.end(JSON.stringify({ ...report, state, warmed_count: 3 }));
      }
      streams += 1;
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write(`data: nonsense\n\n${eventOf({ warmed_count: streams })}`);
      if (streams === 1) setImmediate(() => response.destroy());
      else response.end('event: problem\ndata: {}\n\n');
    });
    const seen: unknown[] = [];
    for await (const { state, warmed_count } of followJob(client, 'j', new AbortController().signal)) {
      seen.push([state, warmed_count]);
    }
    expect(seen).toEqual([
      ['running', 1],
      ['running', 3],
      ['running', 2],
      ['done', 3],
    ]);
  });

  it('ends with what the server has against it, and at once when it is told to', async () => {
    await serve((request, response) => {
      if (request.url!.includes('/x/')) return void response.writeHead(404).end('{"detail":"No such job"}');
      response.writeHead(200).write(eventOf({}));
    });
    const other = followJob(client, 'x', new AbortController().signal);
    expect((await failure(other.next())).message).toBe('No such job');
    const leaving = new AbortController();
    const followed = followJob(client, 'j', leaving.signal);
    expect((await followed.next()).value).toMatchObject({ id: 'j' });
    const rest = followed.next();
    leaving.abort();
    expect(await rest).toEqual({ done: true, value: undefined });
  });
});
