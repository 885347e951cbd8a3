import { describe, expect, it } from 'vitest';
import { createReplicaGuard } from './replica-guard.ts';

describe('createReplicaGuard', () => {
  function guard() {
    let now = 0;
    const at: number[] = [];
    const seen = createReplicaGuard(
      () => at.push(now),
      () => now,
    );
    return {
      at,
      /** An error every 100 ms up to this time. */
      errorsUntil(end: number) {
        for (; now < end; now += 100) seen();
      },
      wait(ms: number) {
        now += ms;
      },
    };
  }

  it('connects anew at once, then more and more seldom', () => {
    const { at, errorsUntil } = guard();
    errorsUntil(140_000);
    expect(at).toEqual([0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000, 95_000, 127_000]);
  });

  it('begins again after a time without errors', () => {
    const { at, errorsUntil, wait } = guard();
    errorsUntil(10_000);
    wait(60_000);
    errorsUntil(73_000);
    expect(at).toEqual([0, 1_000, 3_000, 7_000, 70_000, 71_000]);
  });
});
