import { expect, it } from 'vitest';
import { directivesOf } from './cache-mode.ts';

it('makes directives of modes, beside those that the request has', () => {
  expect(directivesOf('default', 'here', null)).toBeNull();
  expect(directivesOf('default', 'here', 'max-age=5')).toBe('max-age=5');
  expect(directivesOf('force-cache', 'here', null)).toBe('max-stale');
  expect(directivesOf('only-if-cached', 'here', 'max-age=5')).toBe('max-age=5, max-stale, only-if-cached');
});

it('tells an origin only what it is to heed', () => {
  expect(directivesOf('only-if-cached', 'onTheWay', null)).toBeNull();
  expect(directivesOf('force-cache', 'onTheWay', 'no-transform')).toBe('no-transform');
  for (const mode of ['no-store', 'reload'] as const) {
    expect(directivesOf(mode, 'onTheWay', null)).toBe('no-cache');
  }
  // As fetch itself words it.
  expect(directivesOf('no-cache', 'onTheWay', null)).toBe('max-age=0');
});
