import { expect, it } from 'vitest';
import { createLog } from '../observe/log.ts';
import { createDeferred } from './deferred.ts';
import { createPost } from './post.ts';
import type { Worker, WorkerEnd } from './worker.ts';

const SOON = { timeout: 5_000 };
const ENDED: WorkerEnd = { how: 'exit code 1', finished: false, livedMs: 10 };

/** A worker of no process. */
function createFake(stops: number[]) {
  const ready = createDeferred<string>();
  const ended = createDeferred<WorkerEnd>();
  const worker: Worker = {
    pid: 1,
    ready: ready.promise,
    ended: ended.promise,
    report: async () => null,
    ask: async () => null,
    reload: async () => null,
    stop: (deadlineMs) => void stops.push(deadlineMs),
    kill: () => ended.resolve({ ...ENDED, how: 'SIGKILL' }),
  };
  return { worker, ready, ended };
}

function createFakePost() {
  const launched: ReturnType<typeof createFake>[] = [];
  const stops: number[] = [];
  const failures: number[] = [];
  const lines: string[] = [];
  const post = createPost({
    number: 1,
    launch() {
      const fake = createFake(stops);
      launched.push(fake);
      return fake.worker;
    },
    log: createLog({
      level: 'aggregate',
      destination: { write: (line) => void lines.push(JSON.parse(line).msg) },
    }),
    onFailedAgain: (attempts) => void failures.push(attempts),
    onError(error) {
      throw error;
    },
  });
  return { post, launched, stops, failures, lines };
}

it('tells why its first worker can not start, and has no other', async () => {
  const { post, launched } = createFakePost();
  const started = post.start();
  launched[0]!.ready.reject(new Error('the address is in use'));
  launched[0]!.ended.resolve(ENDED);
  await expect(started).rejects.toThrow('the address is in use');
  expect(await post.stop(0, 0)).toBe(true);
  expect(launched).toHaveLength(1);
});

it('is filled again, and counts in a row what ends soon', async () => {
  const { post, launched, failures, lines } = createFakePost();
  const started = post.start();
  launched[0]!.ready.resolve('http://a');
  expect(await started).toBe('http://a');
  expect(post.serving()).toBe(launched[0]!.worker);
  // One that has lived long is followed at once.
  launched[0]!.ended.resolve({ how: 'SIGKILL', finished: false, livedMs: 60_000 });
  await expect.poll(() => launched.length, SOON).toBe(2);
  expect(post.serving()).toBeNull();
  for (const count of [2, 3]) {
    launched[count - 1]!.ready.reject(new Error('no'));
    launched[count - 1]!.ended.resolve(ENDED);
    await expect.poll(() => launched.length, SOON).toBe(count + 1);
  }
  launched[3]!.ready.resolve('http://b');
  await expect.poll(() => post.serving(), SOON).toBe(launched[3]!.worker);
  expect(failures).toEqual([0, 1]);
  expect(lines).toEqual([
    'Worker 1 ended (SIGKILL); another follows',
    'Worker 1 could not start',
    'Worker 1 ended (exit code 1); another follows',
    'Worker 1 could not start',
    'Worker 1 ended (exit code 1); another follows',
    'Worker 1 serves again',
  ]);
});

it('stays empty after a stop, also of one that waits to be filled', async () => {
  const { post, launched, stops, lines } = createFakePost();
  const started = post.start();
  launched[0]!.ready.resolve('http://a');
  await started;
  launched[0]!.ended.resolve(ENDED);
  await expect.poll(() => lines.length, SOON).toBe(1);
  expect(await post.stop(50, 0)).toBe(true);
  expect(stops).toEqual([]);
  expect(launched).toHaveLength(1);
});

it('lets a worker finish at a stop, and kills it when it does not', async () => {
  for (const ends of [true, false]) {
    const { post, launched, stops } = createFakePost();
    const started = post.start();
    launched[0]!.ready.resolve('http://a');
    await started;
    const stopped = post.stop(20, 10);
    if (ends) launched[0]!.ended.resolve({ how: 'exit code 0', finished: true, livedMs: 10 });
    expect(await stopped).toBe(ends);
    expect(stops).toEqual([20]);
    expect(launched).toHaveLength(1);
  }
});
