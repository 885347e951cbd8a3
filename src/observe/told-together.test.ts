import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createToldTogether } from './told-together.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function collect(together: boolean) {
  const told: (number | 'after')[] = [];
  const add = createToldTogether<number>({
    tell: (item) => told.push(item),
    after: () => told.push('after'),
    together,
  });
  return { told, add };
}

describe('createToldTogether', () => {
  it('tells the first at once, and those of the next tenth of a second in their order', () => {
    const { told, add } = collect(true);
    for (const item of [1, 2, 3]) add(item);
    expect(told).toEqual([1, 'after']);
    vi.advanceTimersByTime(100);
    expect(told).toEqual([1, 'after', 2, 3, 'after']);
    vi.advanceTimersByTime(1_000);
    expect(told).toHaveLength(5);
    add(4);
    expect(told.slice(5)).toEqual([4, 'after']);
  });

  it('holds back no more than a thousand', () => {
    const { told, add } = collect(true);
    for (let item = 1; item <= 1_001; item++) add(item);
    expect(told.filter((each) => each !== 'after')).toHaveLength(1_001);
    vi.advanceTimersByTime(100);
    expect(told).toHaveLength(1_003);
  });

  it('tells what is left when the process ends, and leaves no listener behind', () => {
    const { told, add } = collect(true);
    const before = process.listenerCount('exit');
    for (const item of [1, 2]) add(item);
    expect(process.listenerCount('exit')).toBe(before + 1);
    const [listener] = process.listeners('exit').slice(-1);
    listener!(0);
    expect(told).toEqual([1, 'after', 2, 'after']);
    vi.advanceTimersByTime(100);
    expect(process.listenerCount('exit')).toBe(before);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('waits for nothing where nothing may be due later', () => {
    const { told, add } = collect(false);
    for (const item of [1, 2]) add(item);
    expect(told).toEqual([1, 'after', 2, 'after']);
    expect(vi.getTimerCount()).toBe(0);
  });
});
