import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

const SOURCE = resolve(import.meta.dirname, 'stop-signal.ts');

/** A process that goes on for ever after its first stop signal, or ends when `ends` says so. */
function start(ends: boolean) {
  const script = `
    import { createJiti } from 'jiti';
    const { stopSignal } = await createJiti(import.meta.url).import(${JSON.stringify(SOURCE)});
    const alive = setInterval(() => {}, 1000);
    stopSignal().then(() => {
      console.log('stopping');
      if (${ends}) clearInterval(alive);
    });
    console.log('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    cwd: import.meta.dirname,
  });
  const said = async (word: string) =>
    expect(String((await once(child.stdout, 'data'))[0])).toBe(`${word}\n`);
  return { child, said, exit: once(child, 'exit') };
}

it.each(['SIGTERM', 'SIGINT'] as const)('lets the process end by itself after %s', async (signal) => {
  const { child, said, exit } = start(true);
  await said('ready');
  child.kill(signal);
  await said('stopping');
  expect(await exit).toEqual([0, null]);
});

it.each([
  ['SIGTERM', 'SIGINT'],
  ['SIGINT', 'SIGINT'],
] as const)('ends it at once at the second signal (%s, %s)', async (first, second) => {
  const { child, said, exit } = start(false);
  await said('ready');
  child.kill(first);
  await said('stopping');
  child.kill(second);
  expect(await exit).toEqual([1, null]);
});
