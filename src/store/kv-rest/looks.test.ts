import { expect, it } from 'vitest';
import { createLooks } from './looks.ts';

it('looks again ever later, up to a second, for each who waits', () => {
  const looks = createLooks();
  const waits = Array.from({ length: 10 }, () => looks.nextAfterMs('a'));
  expect(waits.slice(0, 3)).toEqual([100, 150, 225]);
  expect(waits.at(-1)).toBe(1_000);
  expect(looks.nextAfterMs('b')).toBe(100);
});
