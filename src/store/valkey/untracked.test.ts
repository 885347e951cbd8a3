import { describe, expect, it } from 'vitest';
import { createUntracked } from './untracked.ts';

describe('createUntracked', () => {
  it('tells of own changes, and lets nobody keep copies', () => {
    const tracking = createUntracked(10);
    const told: string[] = [];
    const leave = tracking.listen({
      changed: (key) => void told.push(`changed ${key}`),
      dropped: (base) => void told.push(`dropped ${base}`),
    });
    tracking.noteChange('a');
    tracking.noteDrop('b');
    leave();
    tracking.noteChange('c');
    expect(told).toEqual(['changed a', 'changed b', 'dropped b']);
    expect(tracking.coherentUntil('a')).toBeNull();
  });

  it('wakes who waits for a key, also when it changed before the wait', async () => {
    const tracking = createUntracked(10);
    const [early, late] = [tracking.watch(['a', 'b']), tracking.watch(['b'])];
    tracking.noteChange('a');
    await early.changed(60_000);
    const waiting = late.changed(60_000);
    tracking.noteDrop('b');
    await waiting;
  });

  it('lets look again before long, and when it closes', async () => {
    const tracking = createUntracked(10);
    await tracking.watch(['a']).changed(5);
    const waiting = tracking.watch(['a']).changed(60_000);
    await tracking.close();
    await waiting;
    tracking.watch(['a']).release();
  });
});
