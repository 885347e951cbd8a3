import { describe, expect, it } from 'vitest';
import { createTurns } from './turns.ts';

const never = () => new AbortController().signal;

describe('turns', () => {
  it('are given at once as long as there are some, and then in their order', async () => {
    const turns = createTurns(2);
    const ends = [turns.take(never()), turns.take(never())] as (() => void)[];
    const taken: number[] = [];
    const waiting = [3, 4].map(async (nth) => {
      const end = await turns.take(never());
      taken.push(nth);
      return end;
    });
    ends[0]!();
    // One that has ended ends no more.
    ends[0]!();
    const third = await waiting[0]!;
    expect(taken).toEqual([3]);
    third();
    (await waiting[1]!)();
    ends[1]!();
    expect(turns.take(never())).toBeTypeOf('function');
  });

  it('are not taken by who has left', async () => {
    const turns = createTurns(1);
    const end = turns.take(never()) as () => void;
    const controller = new AbortController();
    const left = turns.take(controller.signal);
    const next = turns.take(never());
    controller.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    end();
    (await next)();
    expect(() => turns.take(controller.signal)).toThrow('left');
  });
});
