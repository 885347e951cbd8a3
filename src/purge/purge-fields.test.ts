import { describe, expect, it } from 'vitest';
import { readPurgeFields } from './purge-fields.ts';

describe('the fields of a PURGE', () => {
  it('say nothing where there are none', () => {
    expect(readPurgeFields(['Host', 'a'])).toEqual({ subject: 'url', mode: 'hard', wait: false });
  });

  it.each<[readonly string[], object]>([
    [['Purge-Mode', 'soft'], { mode: 'soft' }],
    [['purge-mode', ' HARD '], { mode: 'hard' }],
    [['Purge-Wait', 'true'], { wait: true }],
    [['Purge-Wait', 'false'], { wait: false }],
    [['Purge-Scope', 'service'], { subject: 'service' }],
    [['Purge-Scope', 'url'], { subject: 'url' }],
    [['Cache-Tag', 'a, b c,,'], { subject: ['a', 'b c'] }],
    [['Surrogate-Key', ' a  b\tc '], { subject: ['a', 'b', 'c'] }],
    [['Surrogate-Key', 'a,b c'], { subject: ['a,b', 'c'] }],
    [['Cache-Tag', 'a', 'Surrogate-Key', 'b', 'cache-tag', 'c'], { subject: ['a', 'c', 'b'] }],
  ])('%j', (fields, expected) => expect(readPurgeFields(fields)).toMatchObject(expected));

  it('are tags although there are none in them, which is no purge of the URL', () => {
    expect(readPurgeFields(['Cache-Tag', ' , '])).toMatchObject({ subject: [] });
    expect(readPurgeFields(['Surrogate-Key', ''])).toMatchObject({ subject: [] });
  });

  it.each<[string, string, ...string[]]>([
    ['Purge-Mode', 'sofft'],
    ['Purge-Mode', ''],
    ['Purge-Mode', 'soft', 'Purge-Mode', 'soft'],
    ['Purge-Wait', '1'],
    ['Purge-Scope', 'all'],
    ['Purge-Scope', 'service', 'Cache-Tag', 'a'],
  ])('%s: %s … is refused', (...fields) => {
    expect(() => readPurgeFields(fields)).toThrow(expect.objectContaining({ code: 'ERR_PURGE_INVALID' }));
  });
});
