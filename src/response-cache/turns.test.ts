import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createTurns } from './turns.ts';

it('does what has a key in common one after the other, and the rest at once', async () => {
  const turns = createTurns();
  const events: string[] = [];
  const work = (name: string, pause: number) => async () => {
    events.push(`${name} begins`);
    for (let i = 0; i < pause; i++) await turn();
    events.push(`${name} ends`);
  };
  const all = [
    turns.take(['a'], work('slow', 3)),
    turns.take(['a', 'b'], work('both', 0)),
    turns.take(['b'], work('after both', 0)),
    turns.take(['c'], work('apart', 0)),
  ];
  await Promise.all(all);
  expect(events.filter((event) => !event.startsWith('apart'))).toEqual([
    ...['slow begins', 'slow ends', 'both begins', 'both ends', 'after both begins', 'after both ends'],
  ]);
  expect(events.indexOf('apart ends')).toBeLessThan(events.indexOf('slow ends'));
});

it('goes on after a failure, which is its own caller’s', async () => {
  const turns = createTurns();
  const failed = turns.take(['a'], () => Promise.reject(new Error('away')));
  const next = turns.take(['a'], async () => {});
  await expect(failed).rejects.toThrow('away');
  await expect(next).resolves.toBeUndefined();
});
