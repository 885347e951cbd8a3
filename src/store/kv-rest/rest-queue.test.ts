import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CachegateError } from '../../errors.ts';
import type { RestCommand } from './rest-command.ts';
import { createRestQueue } from './rest-queue.ts';

interface Request {
  readonly keys: readonly string[];
  answer(replies: unknown[]): void;
  fail(error: CachegateError): void;
}

const read = (key: string): RestCommand => ({ name: 'pttl', key });

/** A queue over a client that answers when it is told to. */
function setUp(bounds: { maxRequestBytes?: number; maxRequests?: number; waitMs?: number } = {}) {
  const requests: Request[] = [];
  const send = (commands: readonly RestCommand[]) =>
    new Promise<unknown[]>((resolve, reject) => {
      const keys = commands.map((command) => (command.name === 'pttl' ? command.key : command.name));
      requests.push({ keys, answer: resolve, fail: reject });
    });
  const queue = createRestQueue(
    { send, close: () => {} },
    { maxRequestBytes: 10_000, maxRequests: 2, waitMs: 60_000, ...bounds },
  );
  return { queue, requests };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('createRestQueue', () => {
  it('sends the commands of one turn as one request, and gives each its reply', async () => {
    const { queue, requests } = setUp();
    const replies = ['a', 'b', 'c'].map((key) => queue.run(read(key)));
    queue.atEndOfTurn(() => replies.push(queue.run(read('d'))));
    await turn();
    expect(requests.map(({ keys }) => keys)).toEqual([['a', 'b', 'c', 'd']]);
    requests[0]!.answer([1, 2, new CachegateError('ERR_STORE_REFUSED', 'no'), 4]);
    expect(await Promise.allSettled(replies)).toMatchObject([
      { value: 1 },
      { value: 2 },
      { reason: { code: 'ERR_STORE_REFUSED' } },
      { value: 4 },
    ]);
  });

  it('lets what comes while all requests are under way leave together', async () => {
    const { queue, requests } = setUp();
    const replies: Promise<unknown>[] = [];
    for (const key of ['a', 'b', 'c', 'd']) {
      replies.push(queue.run(read(key)));
      await turn();
    }
    expect(requests.map(({ keys }) => keys)).toEqual([['a'], ['b']]);
    requests[1]!.answer([2]);
    await replies[1];
    expect(requests.map(({ keys }) => keys)).toEqual([['a'], ['b'], ['c', 'd']]);
    requests[0]!.answer([1]);
    requests[2]!.answer([3, 4]);
    expect(await Promise.all(replies)).toEqual([1, 2, 3, 4]);
  });

  it('fails all of a request that fails, and goes on', async () => {
    const { queue, requests } = setUp({ maxRequests: 1 });
    const replies = Promise.allSettled([queue.run(read('a')), queue.run(read('b'))]);
    await turn();
    const later = queue.run(read('c'));
    requests[0]!.fail(new CachegateError('ERR_STORE_UNAVAILABLE', 'gone'));
    const gone = { reason: { code: 'ERR_STORE_UNAVAILABLE' } };
    expect(await replies).toMatchObject([gone, gone]);
    await turn();
    requests[1]!.answer([3]);
    expect(await later).toBe(3);
  });

  it('does not send what has waited too long', async () => {
    const { queue, requests } = setUp({ maxRequests: 1, waitMs: 30 });
    const first = queue.run(read('a'));
    await turn();
    const late = expect(queue.run(read('b'))).rejects.toMatchObject({ code: 'ERR_STORE_TIMEOUT' });
    await turn();
    await sleep(40);
    requests[0]!.answer([1]);
    expect(await first).toBe(1);
    await late;
    expect(requests).toHaveLength(1);
  });

  it('keeps each request within its bytes, and refuses what never fits', async () => {
    const { queue, requests } = setUp({ maxRequestBytes: 1_000, maxRequests: 9 });
    const key = (name: string) => name.repeat(200);
    for (const name of ['a', 'b', 'c', 'd', 'e']) void queue.run(read(key(name)));
    await expect(queue.run(read(key('x').repeat(10)))).rejects.toMatchObject({
      code: 'ERR_STORE_VALUE_TOO_LARGE',
    });
    await turn();
    expect(requests.map(({ keys }) => keys.length)).toEqual([2, 2, 1]);
  });

  it('sends no more than 500 commands at once, and at once when it is flushed', () => {
    const { queue, requests } = setUp({ maxRequestBytes: 1_000_000 });
    for (let i = 0; i < 501; i++) void queue.run(read('k'));
    queue.flush();
    expect(requests.map(({ keys }) => keys.length)).toEqual([500, 1]);
  });
});
