import { setTimeout as delay } from 'node:timers/promises';
import { cached, close } from '../../src/function-cache/default-functions.ts';

// What test/support/function-process.ts starts: an application with a cached function, on the store of its environment.

interface Asked {
  readonly id: number;
  readonly calls: number;
  /** The arguments are so many numbers from this on, one after the other and from the beginning again. */
  readonly from: number;
  readonly keys: number;
  readonly tookMs: number;
}

let executions = 0;
let tookMs = 0;

const square = cached(
  async ({ of }: { of: number }) => {
    executions += 1;
    await delay(tookMs);
    return { square: of * of, made: new Date(0), by: process.pid };
  },
  { name: 'square', ttl: 600, tags: ({ of }) => [`square:${of}`] },
);

async function answer({ calls, from, keys, tookMs: slow }: Asked) {
  executions = 0;
  tookMs = slow;
  const numbers = Array.from({ length: calls }, (_, i) => from + (i % keys));
  const results = await Promise.all(numbers.map((of) => square({ of })));
  const right = results.filter(({ square, made }, i) => square === numbers[i]! ** 2 && made.getTime() === 0);
  return { executions, right: right.length, distinct: new Set(results).size };
}

process.on('disconnect', () => void close().then(() => process.exit()));
process.on('message', (asked: Asked) => {
  answer(asked).then(
    (value) => process.send!({ id: asked.id, value }),
    (error: Error) => process.send!({ id: asked.id, error: error.message }),
  );
});
