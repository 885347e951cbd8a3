import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { CachegateError } from '../errors.ts';
import { newProgress, withDone } from './job-parts.ts';
import { createJobProgress, type ProgressStore } from './job-progress.ts';

const away = new CachegateError('ERR_STORE_TIMEOUT', 'Connection timeout');

/** One part in a store that answers when it is told to. */
function setUp(length: number) {
  const state = { bytes: newProgress(length) as Buffer | null, writes: 0, failing: 0, losing: 0 };
  let hold: Promise<void> = Promise.resolve();
  const store: ProgressStore = {
    read: async () => state.bytes,
    async replace(_part, expected, bytes) {
      state.writes += 1;
      await hold;
      if (state.failing > 0) {
        state.failing -= 1;
        throw away;
      }
      if (state.bytes === null || !state.bytes.equals(expected)) return false;
      state.bytes = bytes;
      if (state.losing > 0) {
        state.losing -= 1;
        throw away;
      }
      return true;
    },
    add: async (_part, bytes) => {
      state.bytes ??= bytes;
    },
  };
  const progress = createJobProgress({ store, lengths: [length], known: [state.bytes], pause: () => turn() });
  return {
    state,
    progress,
    holdWrites() {
      let goOn = () => {};
      hold = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      return () => goOn();
    },
  };
}

describe('the progress of a job', () => {
  it('is told when it is in the store; what is done during a write goes with the next one', async () => {
    const { state, progress, holdWrites } = setUp(10);
    const goOn = holdWrites();
    const all = [0, 1, 2, 3].map((offset) => progress.done(0, offset, offset !== 2));
    await turn();
    expect([state.writes, progress.counts()]).toEqual([1, { warmed: 0, failed: 0 }]);
    goOn();
    expect(await Promise.all(all)).toEqual([true, true, true, true]);
    expect([state.writes, progress.counts()]).toEqual([2, { warmed: 3, failed: 1 }]);
    expect([progress.isToDo(0, 3), progress.isToDo(0, 4), progress.hasToDo(0)]).toEqual([false, true, true]);
  });

  it('goes on when the store is back, and counts once what it has written without an answer', async () => {
    const { state, progress } = setUp(3);
    state.failing = 3;
    state.losing = 1;
    expect(await progress.done(0, 0, true)).toBe(true);
    expect(progress.counts()).toEqual({ warmed: 1, failed: 0 });
    expect(state.bytes).toEqual(withDone(newProgress(3), new Map([[0, true]])));
  });

  it('takes what another has done as it is', async () => {
    const { state, progress } = setUp(3);
    state.bytes = withDone(
      state.bytes!,
      new Map([
        [0, false],
        [1, true],
      ]),
    );
    expect(await Promise.all([progress.done(0, 0, true), progress.done(0, 1, true)])).toEqual([false, true]);
    expect(progress.counts()).toEqual({ warmed: 1, failed: 1 });
  });

  it('puts back what the store has lost', async () => {
    const { state, progress } = setUp(3);
    await progress.done(0, 0, true);
    state.bytes = null;
    expect(await progress.done(0, 1, true)).toBe(true);
    expect(state.bytes).toEqual(
      withDone(
        newProgress(3),
        new Map([
          [0, true],
          [1, true],
        ]),
      ),
    );
  });

  it('waits no longer when it is stopped', async () => {
    const { state, progress } = setUp(3);
    state.failing = Number.POSITIVE_INFINITY;
    const waiting = progress.done(0, 0, true);
    await turn();
    progress.stop();
    expect(await waiting).toBe(false);
  });
});
