import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createBackground } from '../background.ts';
import { createFollowAnswer } from './behind.ts';

afterEach(() => void vi.useRealTimers());

function setUp(begin: () => void = () => {}) {
  const background = createBackground(10, () => {});
  const works: Promise<unknown>[] = [];
  const follow = createFollowAnswer({ underWay: [background.underWay], begin });
  return { background, works, follow, waitUntil: (work: Promise<unknown>) => void works.push(work) };
}

describe('what follows an answer', () => {
  it('is waited for, with what it begins', async () => {
    const { background, works, follow, waitUntil } = setUp();
    const done: string[] = [];
    background.run(async () => {
      await sleep(1);
      done.push('save');
      background.run(async () => {
        await sleep(1);
        done.push('end');
      });
    });
    follow(waitUntil, null);
    await Promise.all(works);
    expect(works).toHaveLength(1);
    expect(done).toEqual(['save', 'end']);
  });

  it('is nothing where nothing is under way', () => {
    const { works, follow, waitUntil } = setUp();
    follow(waitUntil, null);
    follow(null, null);
    expect(works).toEqual([]);
  });

  it('begins when the body was sent', async () => {
    const begun: string[] = [];
    const { background, works, follow, waitUntil } = setUp(() => {
      begun.push('begun');
      background.run(() => sleep(1));
    });
    let sent = () => {};
    follow(waitUntil, new Promise((resolve) => (sent = resolve)));
    expect([works.length, begun.length]).toEqual([1, 0]);
    sent();
    await Promise.all(works);
    expect(begun).toEqual(['begun']);
    expect(background.underWay()).toBeNull();
  });

  it('is not waited for longer than a minute, whatever hangs', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { background, works, follow, waitUntil } = setUp();
    background.run(() => new Promise(() => {}));
    follow(waitUntil, null);
    await vi.advanceTimersByTimeAsync(60_000);
    await Promise.all(works);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("ends though other requests' work never does", async () => {
    const { background, works, follow, waitUntil } = setUp();
    let stopped = false;
    const again = async (): Promise<void> => {
      await sleep(0);
      if (!stopped) background.run(again);
    };
    background.run(again);
    follow(waitUntil, null);
    await Promise.all(works);
    stopped = true;
  });

  it('goes on where the platform takes nothing', async () => {
    const { background, follow } = setUp();
    background.run(() => sleep(1));
    follow(() => {
      throw new Error('too late');
    }, null);
    await background.settle(1_000);
  });
});
