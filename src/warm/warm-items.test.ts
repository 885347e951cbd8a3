import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRequestTarget } from '../http/request-target.ts';
import { checkedId, checkedTemplateId, checkedUrl, distinctItems, urlFor } from './warm-items.ts';

const byTemplate = checkedTemplateId('/api/anime/{id}?full=1');

describe('what is to be warmed', () => {
  it('is each id once, by what is asked for', async () => {
    expect(await distinctItems([7, '7', 'a', 'A', 'a', 0, -0, 7], byTemplate)).toEqual({
      items: ['7', 'a', 'A', '0'],
      duplicates: 4,
    });
  });

  it.each([
    ['nothing', undefined, 'undefined', 'a text or a whole number'],
    ['null', null, 'null', 'a text or a whole number'],
    ['half', 1.5, '1.5', 'a text or a whole number'],
    ['no exact number', 2 ** 53, '9007199254740992', 'a text or a whole number'],
    ['infinite', Number.NaN, 'null', 'a text or a whole number'],
    ['an object', { id: 7 }, '{"id":7}', 'a text or a whole number'],
    ['a big number', 7n, 'bigint', 'a text or a whole number'],
    ['empty', '', '""', 'is empty'],
    ['long', 'x'.repeat(257), `${'x'.repeat(256)}…`, 'at most 256'],
    ['a control character', 'a\nb', '"a\\nb"', 'control character'],
    ['half a character', '\ud800', '"\\ud800"', 'half of one'],
    ['a dot', '.', '.', 'dot segment'],
    ['two dots', '..', '..', 'dot segment'],
    ['a slash, which a path can not hold', 'a/b', 'a/b', 'name the whole URL under urls'],
    ['a backslash', 'a\\b', 'a\\b', 'can not stand in the path of a template, only in its query'],
  ])('has a bad one fail alone: %s', async (_name, id, shown, reason) => {
    const { items, duplicates } = await distinctItems(['a', id, 'b', id], byTemplate);
    expect(items).toEqual(['a', { bad: shown, reason: expect.stringContaining(reason) }, 'b']);
    expect(duplicates).toBe(1);
  });

  it('tells bad ones apart that are shown alike', async () => {
    const long = 'x'.repeat(300);
    expect(await distinctItems([`${long}1`, `${long}2`, `${long}1`], checkedId)).toMatchObject({
      items: { length: 2 },
      duplicates: 1,
    });
    expect((await distinctItems([1.5, '1.5'], checkedId)).items).toHaveLength(2);
    const circle: unknown[] = [];
    circle.push(circle);
    expect((await distinctItems([circle], checkedId)).items).toEqual([
      { bad: 'object', reason: expect.any(String) },
    ]);
  });

  it('puts any good id into the template so that it stays one piece of the path', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (id) => {
        if (!('item' in byTemplate(id))) return;
        const parsed = parseRequestTarget(urlFor('/api/anime/{id}?full=1', id));
        expect(parsed).toMatchObject({ ok: true, query: 'full=1' });
        if (!parsed.ok) return;
        const [, , , last, ...more] = parsed.path.split('/');
        expect([decodeURIComponent(last!), more]).toEqual([id, []]);
      }),
    );
    expect(urlFor('/a/{id}', '$& $1')).toBe('/a/%24%26%20%241');
  });

  it('may have a slash in a query', () => {
    expect(checkedTemplateId('/a?id={id}')('b/c')).toEqual({ item: 'b/c' });
  });

  it('is each URL once, whatever its host', async () => {
    const given = [
      '/a?b=1',
      'https://www.example.com/a?b=1',
      'http://[::1]:80/a?b=1',
      '/a',
      '/a?',
      'https://x',
    ];
    expect(await distinctItems(given, checkedUrl)).toEqual({
      items: ['/a?b=1', '/a', '/a?', '/'],
      duplicates: 2,
    });
  });

  it.each([
    [7, '7', 'a text'],
    ['a', 'a', 'begins neither with / nor'],
    ['ftp://x/a', 'ftp://x/a', 'begins neither with / nor'],
    ['http://user@x/a', 'http://user@x/a', 'a user is named'],
    ['/a#b', '/a#b', 'a # in it'],
    ['/a/../b', '/a/../b', '. or .. as a segment'],
    ['/a b', '/a b', 'a space, a control character'],
    ['/a\r\nX: 1', '"/a\\r\\nX: 1"', 'a space, a control character'],
    ['/a%2fb', '/a%2fb', '%2F or %5C'],
    ['/a\\b', '/a\\b', 'a \\ in it'],
    ['/a%zz', '/a%zz', 'without two hexadecimal digits'],
    ['/a%00', '/a%00', '%00'],
    ['//a', '//a', '// in it'],
    [`/${'a'.repeat(4_096)}`, `/${'a'.repeat(255)}…`, 'at most 4096'],
  ])('has a bad URL fail alone: %s', async (url, shown, reason) => {
    const { items } = await distinctItems(['/ok', url], checkedUrl);
    expect(items).toEqual(['/ok', { bad: shown, reason: expect.stringContaining(reason) }]);
  });
});
