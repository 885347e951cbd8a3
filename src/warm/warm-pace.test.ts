import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createWarmPace } from './warm-pace.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(most: number) {
  let at = 0;
  const pace = createWarmPace(most, () => at);
  const had: boolean[] = [];
  const ask = (count: number) => {
    for (let i = 0; i < count; i++) void pace.turn().then((has) => had.push(has));
  };
  const turns = async () => {
    await Promise.resolve();
    await Promise.resolve();
    return had.splice(0).length;
  };
  const advance = (ms: number) => {
    at += ms;
    vi.advanceTimersByTime(ms);
  };
  return { pace, ask, turns, had, advance };
}

describe('the pace of a job', () => {
  it('has so many at once', async () => {
    const { pace, ask, turns } = setUp(3);
    ask(5);
    expect(await turns()).toBe(3);
    pace.back('done');
    expect(await turns()).toBe(1);
  });

  it('pauses for all when an origin asks for it, then goes on with one and grows', async () => {
    const { pace, ask, turns, advance } = setUp(3);
    ask(9);
    expect(await turns()).toBe(3);
    pace.back('later', 1_000);
    pace.back('done');
    pace.back('later', 500);
    advance(999);
    expect(await turns()).toBe(0);
    advance(1);
    expect(await turns()).toBe(1);
    pace.back('done');
    expect(await turns()).toBe(2);
    pace.back('done');
    pace.back('done');
    expect(await turns()).toBe(3);
  });

  it('has no turns while it is held, and none after it was stopped', async () => {
    const { pace, ask, turns, had } = setUp(2);
    pace.hold(true);
    ask(3);
    expect(await turns()).toBe(0);
    pace.hold(false);
    expect(await turns()).toBe(2);
    pace.stop();
    ask(1);
    await Promise.resolve();
    expect(had).toEqual([false, false]);
  });
});
