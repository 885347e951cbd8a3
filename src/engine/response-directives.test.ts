import { describe, expect, test } from 'vitest';
import { PLAIN_POLICY } from '../../test/support/exchange.ts';
import { responseDirectives } from './response-directives.ts';

const stated = (fields: string[], targetedFields = PLAIN_POLICY.targetedFields) => {
  const { directives, targeted } = responseDirectives(fields, { ...PLAIN_POLICY, targetedFields });
  return [targeted, directives.maxAgeSeconds, directives.noStore];
};

describe('the directives that count (RFC 9213 §2.2)', () => {
  test('those of Cache-Control where nothing is targeted', () => {
    expect(stated(['Cache-Control', 'max-age=1'])).toEqual([false, 1, false]);
    expect(stated([])).toEqual([false, undefined, false]);
  });

  test('those of a targeted field, and no other', () => {
    const fields = ['Cache-Control', 'no-store, max-age=1', 'CDN-Cache-Control', 'max-age=2'];
    expect(stated(fields)).toEqual([true, 2, false]);
    expect(stated(fields, [])).toEqual([false, 1, true]);
    expect(stated(fields, ['own-cache-control'])).toEqual([false, 1, true]);
  });

  test('those of the first targeted field in the cache’s order, not in the response’s', () => {
    const fields = ['A-Control', 'max-age=1', 'B-Control', 'max-age=2'];
    expect(stated(fields, ['b-control', 'a-control'])).toEqual([true, 2, false]);
    expect(stated(fields, ['a-control', 'b-control'])).toEqual([true, 1, false]);
  });

  test.each(['', 'max-age', '&', 'max-age=1 2', 'max-age=x=y', ','])(
    'an empty or malformed one is ignored: %j',
    (value) => {
      const fields = ['CDN-Cache-Control', value, 'Cache-Control', 'max-age=3'];
      expect(stated(fields).slice(1)).toEqual(value === 'max-age' ? [undefined, false] : [3, false]);
    },
  );

  test('lines of a field are one list (§2.1)', () => {
    const fields = ['CDN-Cache-Control', 'no-store', 'cdn-cache-control', 'max-age=2'];
    expect(stated(fields)).toEqual([true, 2, true]);
  });

  test('Surrogate-Control in its own grammar', () => {
    expect(stated(['Surrogate-Control', 'max-age=4+9, content="ESI/1.0"'])).toEqual([true, 4, false]);
    expect(stated(['Surrogate-Control', 'no-store;other', 'Cache-Control', 'max-age=1'])).toEqual([
      false,
      1,
      false,
    ]);
  });
});
