import { describe, expect, it } from 'vitest';
import { callSettingsOf } from './call-settings.ts';

describe('what a call asks of the cache', () => {
  it('may be nothing', () => {
    for (const given of [undefined, null, {}]) expect(callSettingsOf(given).tags).toBeUndefined();
  });

  it('is a copy', () => {
    const tags = ['a'];
    const settings = callSettingsOf({ tags, revalidate: 5, ttl: 0 });
    tags.push('b,c');
    expect(settings).toEqual({ tags: ['a'], revalidate: 5, ttl: 0 });
  });

  it.each<[unknown, RegExp]>([
    [1, /init\.cachegate: accepted: an object/],
    [[], /init\.cachegate: accepted: an object/],
    [{ tag: ['a'] }, /init\.cachegate\.tag: unknown; accepted: tags, revalidate, ttl/],
    [{ tags: 'a' }, /Tags: accepted: a list/],
    [{ tags: ['a,b'] }, /Tags: accepted: a list/],
    [{ ttl: -1 }, /init\.cachegate\.ttl: accepted: a whole number/],
    [{ ttl: Number.NaN }, /init\.cachegate\.ttl: accepted: a whole number/],
    [{ revalidate: 'yes' }, /init\.cachegate\.revalidate: accepted: true, false, or a whole number/],
  ])('%j is told with what is accepted', (given, message) => {
    expect(() => callSettingsOf(given)).toThrow(message);
  });
});
