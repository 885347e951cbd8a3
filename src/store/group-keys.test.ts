import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { companionKey, droppedBase, groupKeys, hashTag } from './group-keys.ts';

describe('companionKey', () => {
  it.each([
    ['response:{airtable:x}', 'response:{airtable:x}:fills'],
    ['response:{airtable:x}:variant', 'response:{airtable:x}:variant:fills'],
    ['session:abc', '{session:abc}:fills'],
    ['{a}{b}', '{a}{b}:fills'],
    ['session:a{}b', null],
    ['session:a}b', null],
    ['session:a}{b', null],
    ['session:a{b', null],
  ])('of %s is %s', (key, companion) => {
    expect(companionKey(key, 'fills')).toBe(companion);
  });

  it.each(['response:{airtable:x}', 'session:abc'])('lies in the slot of %s', (key) => {
    expect(hashTag(companionKey(key, 'fills')!)).toBe(hashTag(key) ?? key);
  });
});

describe('groupKeys', () => {
  it('keeps the companions in the slot of the base', () => {
    expect(groupKeys('response:{a:b}')).toEqual({
      fills: 'response:{a:b}:fills',
      keys: 'response:{a:b}:keys',
      dropped: 'response:{a:b}:dropped',
    });
    expect(groupKeys('session:abc')?.fills).toBe('{session:abc}:fills');
  });

  it.each(['a}b', 'a{', 'a{}b', '}{'])('has none for %s', (base) => {
    expect(groupKeys(base)).toBeNull();
  });
});

describe('droppedBase', () => {
  it('reads the base back', () => {
    const part = fc.string({ unit: fc.constantFrom('a', ':', '{', '}', '-', 'dropped') });
    fc.assert(
      fc.property(part, (text) => {
        const base = `x${text}`;
        const keys = groupKeys(base);
        if (keys !== null) expect(droppedBase(keys.dropped)).toBe(base);
      }),
    );
  });

  it.each(['response:{a:b}', 'session:dropped', '{session:a}:fills', 'a:dropped', 'a}:dropped'])(
    'finds none in %s',
    (key) => expect(droppedBase(key)).toBeNull(),
  );
});
