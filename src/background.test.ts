import { describe, expect, it } from 'vitest';
import { createBackground } from './background.ts';

describe('background work', () => {
  it('is waited for, and so is what it starts', async () => {
    const done: string[] = [];
    const background = createBackground(10, () => {});
    background.run(async () => {
      await Promise.resolve();
      background.run(async () => done.push('second'));
      done.push('first');
    });
    expect(await background.settle(1_000)).toBe(true);
    expect(done).toEqual(['first', 'second']);
  });

  it('is bounded', async () => {
    const background = createBackground(1, () => {});
    let finish = () => {};
    expect(background.run(() => new Promise<void>((resolve) => (finish = resolve)))).toBe(true);
    expect(background.run(async () => {})).toBe(false);
    await Promise.resolve();
    finish();
    await background.settle(1_000);
    expect(background.run(async () => {})).toBe(true);
  });

  it('reports what fails, and goes on', async () => {
    const errors: unknown[] = [];
    const background = createBackground(10, (error) => errors.push(error));
    background.run(() => Promise.reject(new Error('one')));
    background.run(() => {
      throw new Error('two');
    });
    expect(await background.settle(1_000)).toBe(true);
    expect(errors.map(String).sort()).toEqual(['Error: one', 'Error: two']);
  });

  it('is told as far as it is under way by now', async () => {
    const background = createBackground(10, () => {});
    expect(background.underWay()).toBeNull();
    const done: string[] = [];
    background.run(async () => {
      background.run(() => new Promise(() => {}));
      done.push('first');
    });
    background.run(() => Promise.reject(new Error('failed')));
    await background.underWay();
    expect(done).toEqual(['first']);
    expect(background.underWay()).not.toBeNull();
  });

  it('is given up at the deadline', async () => {
    const background = createBackground(10, () => {});
    background.run(() => new Promise(() => {}));
    expect(await background.settle(1)).toBe(false);
  });
});
