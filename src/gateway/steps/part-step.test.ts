import { expect, it } from 'vitest';
import type { PresentedSession } from '../../session/presented-session.ts';
import type { Exchange } from '../exchange.ts';
import { createPartStep } from './part-step.ts';

it('a key is remembered with its part, unless its target is long', () => {
  const made: string[] = [];
  const step = createPartStep({
    sharedBy: 'session',
    keys: { hash: (value) => value },
    keyOf: (target, part) => {
      made.push(target);
      return `${part} ${target.length}`;
    },
  });
  const sessions = ['a', 'b'].map((storeKey) => ({ storeKey }) as PresentedSession);
  const ask = (target: string, session = sessions[0]!) => {
    const exchange = { session, destination: { target, refused: null } } as unknown as Exchange;
    expect(step(exchange)).toBeNull();
    return exchange.responseKey;
  };
  const long = `/${'x'.repeat(4_000)}`;
  expect([ask('/'), ask('/'), ask(long), ask(long)]).toEqual([
    ...['session:a 1', 'session:a 1', 'session:a 4001', 'session:a 4001'],
  ]);
  expect(ask('/', sessions[1])).toBe('session:b 1');
  expect(made).toEqual(['/', long, long, '/']);
});
