import { describe, expect, it } from 'vitest';
import { createDropSequence } from './drop-sequence.ts';

describe('createDropSequence', () => {
  it('asks each time while it is answered', async () => {
    let number = 0;
    const { current: sequence } = createDropSequence(async () => {
      number += 1;
      return number;
    });
    expect([await sequence(), await sequence(), await sequence()]).toEqual([1, 2, 3]);
  });

  it('answers the number before after a failure, and the new one once it is answered again', async () => {
    let fails = false;
    const { current: sequence } = createDropSequence(async () => {
      if (fails) throw new Error('away');
      return 7;
    });
    expect(await sequence()).toBe(7);
    fails = true;
    expect([await sequence(), await sequence()]).toEqual([7, 7]);
    fails = false;
    await sequence();
    expect(await sequence()).toBe(7);
  });

  it('does not wait for what does not answer, and has one call under way', async () => {
    const answers: ((number: number) => void)[] = [];
    const { current: sequence } = createDropSequence(() => new Promise((resolve) => answers.push(resolve)));
    expect(await sequence()).toBe(0);
    expect([await sequence(), await sequence()]).toEqual([0, 0]);
    expect(answers).toHaveLength(1);
    answers[0]!(5);
    await new Promise((resolve) => setImmediate(resolve));
    const next = sequence();
    answers[1]!(6);
    expect(await next).toBe(6);
  });

  it('knows the numbers that were drawn here, whatever is answered late', async () => {
    const { current, note } = createDropSequence(async () => 3);
    note(5);
    expect(await current()).toBe(5);
  });
});
