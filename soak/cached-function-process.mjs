// A process of soak/cached-function.mjs: calls a cached function as often as it is told to.
import { setTimeout as delay } from 'node:timers/promises';
import { createFunctionCache } from '../dist/entries/function.js';

const { cached, close } = createFunctionCache({ store: process.argv[2], log: null });
let executions = 0;
let tookMs = 0;

const square = cached(
  async ({ of }) => {
    executions += 1;
    await delay(tookMs);
    return { square: of * of };
  },
  { name: 'square', ttl: 600 },
);

async function answer({ calls, from, keys, tookMs: slow }) {
  executions = 0;
  tookMs = slow;
  const numbers = Array.from({ length: calls }, (_, i) => from + (i % keys));
  const startedAt = performance.now();
  const results = await Promise.allSettled(numbers.map((of) => square({ of })));
  return {
    executions,
    right: results.filter(({ value }, i) => value?.square === numbers[i] ** 2).length,
    rejected: results.filter(({ status }) => status === 'rejected').length,
    lastMs: performance.now() - startedAt,
  };
}

process.on('message', async (asked) => process.send(await answer(asked)));
process.on('disconnect', () => void close());
