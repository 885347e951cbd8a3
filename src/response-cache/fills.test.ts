import { describe, expect, it } from 'vitest';
import type { Fill } from './fill.ts';
import { createFills } from './fills.ts';

/** What of a fill decides who may join it. */
const fill = (change: Partial<Fill> = {}): Fill =>
  ({ joinable: true, credentialed: false, outdated: false, begunAt: 100, ...change }) as Fill;

const NONE: ReadonlySet<Fill> = new Set();
const anyone = () => true;

describe('the fills under way', () => {
  it('are joined by key, the oldest first, each tried once', () => {
    const fills = createFills();
    const [first, second] = [fill(), fill()];
    fills.add('a', first);
    fills.add('a', second);
    expect(fills.joinable('a', NONE, false, 0, anyone)).toBe(first);
    expect(fills.joinable('a', new Set([first]), false, 0, anyone)).toBe(second);
    expect(fills.joinable('a', new Set([first, second]), false, 0, anyone)).toBeNull();
    expect(fills.joinable('b', NONE, false, 0, anyone)).toBeNull();
    fills.remove('a', first);
    expect(fills.joinable('a', NONE, false, 0, anyone)).toBe(second);
  });

  it('are not joined where they can’t be shared, or are known not to fit', () => {
    const fills = createFills();
    const fitting = fill();
    fills.add('a', fill({ joinable: false }));
    fills.add('a', fill());
    fills.add('a', fitting);
    expect(fills.joinable('a', NONE, false, 0, (each) => each === fitting)).toBe(fitting);
  });

  it('are not joined where they were begun too long ago', () => {
    const fills = createFills();
    const younger = fill({ begunAt: 200 });
    fills.add('a', fill());
    fills.add('a', younger);
    expect(fills.joinable('a', NONE, false, 150, anyone)).toBe(younger);
    expect(fills.joinable('a', NONE, false, 201, anyone)).toBeNull();
  });

  it('with credentials are joined by those who send some', () => {
    const fills = createFills();
    const credentialed = fill({ credentialed: true });
    fills.add('a', credentialed);
    expect(fills.joinable('a', NONE, false, 0, anyone)).toBeNull();
    expect(fills.joinable('a', NONE, true, 0, anyone)).toBe(credentialed);
  });

  it('are outdated when the resource was invalidated, and those that begin then are not', () => {
    const fills = createFills();
    const [old, other] = [fill(), fill()];
    fills.add('a', old);
    fills.add('b', other);
    fills.outdate('a');
    expect([old.outdated, other.outdated]).toEqual([true, false]);
    expect(fills.joinable('a', NONE, false, 0, anyone)).toBeNull();
    const later = fill();
    fills.add('a', later);
    expect(fills.joinable('a', NONE, false, 0, anyone)).toBe(later);
  });

  it('have exchanges beside them that are outdated too, as long as they are followed, and nothing more', () => {
    const fills = createFills();
    const [one, other, ended] = [fills.follow('a'), fills.follow('b'), fills.follow('a')];
    expect([fills.has('a'), fills.joinable('a', NONE, true, 0, anyone)]).toEqual([false, null]);
    ended.end();
    fills.outdate('a');
    expect([one, other, ended].map((each) => each.outdated)).toEqual([true, false, false]);
    const later = fills.follow('a');
    one.end();
    expect(later.outdated).toBe(false);
  });

  it('leave nothing behind', () => {
    const fills = createFills();
    const one = fill();
    fills.add('a', one);
    expect(fills.has('a')).toBe(true);
    fills.remove('a', fill());
    expect(fills.has('a')).toBe(true);
    fills.remove('a', one);
    fills.remove('a', one);
    expect(fills.has('a')).toBe(false);
    fills.outdate('a');
  });
});
