import { describe, expect, it } from 'vitest';
import { createWatches } from './watches.ts';

const MINUTE = 60_000;

async function isSettled(promise: Promise<void>): Promise<boolean> {
  const pending = Symbol();
  return (
    (await Promise.race([promise, new Promise((resolve) => setImmediate(resolve, pending))])) !== pending
  );
}

describe('watches', () => {
  it('end with a change of one of their keys, before they are waited on or after', async () => {
    const watches = createWatches(() => true);
    const [early, late, other] = [watches.watch(['a', 'b']), watches.watch(['b']), watches.watch(['c'])];
    const [waiting, quiet] = [late.changed(MINUTE), other.changed(MINUTE)];
    watches.changed('b');
    await waiting;
    await early.changed(MINUTE);
    expect(await isSettled(quiet)).toBe(false);
    watches.wakeAll();
    await quiet;
  });

  it('end soon while changes are not heard', async () => {
    const watches = createWatches((key) => key !== 'unheard');
    await watches.watch(['a', 'unheard']).changed(MINUTE);
    await watches.watch(['a']).changed(1);
  });

  it('hear nothing after they were released', async () => {
    const watches = createWatches(() => true);
    const watch = watches.watch(['a']);
    watch.release();
    watches.changed('a');
    const waiting = watch.changed(5);
    expect(await isSettled(waiting)).toBe(false);
    await waiting;
  });

  it('are so many at most: the oldest end', async () => {
    const watches = createWatches(() => true);
    const first = watches.watch(['a']).changed(MINUTE);
    const second = watches.watch(['a']).changed(MINUTE);
    for (let i = 0; i < 9_999; i += 1) watches.watch([`k${i}`]);
    await first;
    expect(await isSettled(second)).toBe(false);
    watches.changed('a');
    await second;
  });
});
