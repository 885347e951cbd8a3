import { describe, expect, it } from 'vitest';
import { parsedFields, rawFields, receivedFields, requestFields } from './interceptor-fields.ts';

describe('the fields of a request', () => {
  it.each([
    [undefined, []],
    [null, []],
    [
      { A: '1', b: ['2', '3'], c: undefined, d: null, e: 4 },
      ['A', '1', 'b', '2', 'b', '3', 'd', '', 'e', '4'],
    ],
    [
      ['A', '1', 'b', ['2', '3']],
      ['A', '1', 'b', '2', 'b', '3'],
    ],
    [
      [
        ['A', '1'],
        ['b', '2'],
      ],
      ['A', '1', 'b', '2'],
    ],
    [new Headers({ A: '1' }), ['a', '1']],
    [new Map([['A', '1']]), ['A', '1']],
  ])('are read in every form: %j', (headers, fields) => {
    expect(requestFields(headers)).toEqual(fields);
  });

  it.each([['text'], [['odd']], [[['a', 'b', 'c']]], [{ a: { b: 'c' } }], [{ a: [{}] }]])(
    'are left to undici where it would refuse them: %j',
    (headers) => {
      expect(requestFields(headers)).toBeNull();
    },
  );
});

describe('received fields', () => {
  const fields = ['X-A', 'caf\xe9', 'x-a', '2', 'B', ''];

  it('keep their bytes, but for white space behind values', () => {
    expect(receivedFields(rawFields(fields), undefined)).toEqual(fields);
    expect(receivedFields([Buffer.from('A'), Buffer.from('b \t')], undefined)).toEqual(['A', 'b']);
  });

  it('come by name over HTTP/2, and parsed where there is nothing else', () => {
    const byName = { a: '1', 'set-cookie': ['b=2', 'c=3'] };
    const expected = ['a', '1', 'set-cookie', 'b=2', 'set-cookie', 'c=3'];
    expect(receivedFields(byName, undefined)).toEqual(expected);
    expect(receivedFields(null, byName)).toEqual(expected);
    expect(receivedFields(['a', '1', 'b', [Buffer.from('2'), Buffer.from('3')]], undefined)).toEqual([
      'a',
      '1',
      'b',
      '2',
      'b',
      '3',
    ]);
    expect(receivedFields(undefined, undefined)).toEqual([]);
  });

  it('are those that dispatchers beneath have made of them', () => {
    const raw = rawFields(['X-A', 'caf\xe9 ', 'Content-Encoding', 'gzip', 'B', '1', 'b', '2']);
    const parsed = { 'x-a': 'caf\xe9', 'content-encoding': 'gzip', b: ['1', '2'] };
    const untouched = ['X-A', 'caf\xe9', 'Content-Encoding', 'gzip', 'B', '1', 'b', '2'];
    expect(receivedFields(raw, parsed)).toEqual(untouched);
    expect(receivedFields(raw, { ...parsed, 'x-a': Buffer.from('caf\xe9', 'latin1').toString() })).toEqual(
      untouched,
    );
    const { 'content-encoding': _, ...decoded } = parsed;
    expect(receivedFields(raw, decoded)).toEqual(['x-a', 'caf\xe9', 'b', '1', 'b', '2']);
    expect(receivedFields(raw, { ...parsed, b: '1' })).toContain('b');
    expect(receivedFields(raw, { ...parsed, c: '1' }).slice(-2)).toEqual(['c', '1']);
  });

  it('are given by lower-case name, whatever the name', () => {
    expect(parsedFields(fields)).toEqual({ 'x-a': ['caf\xe9', '2'], b: '' });
    expect(Object.entries(parsedFields(['__proto__', '1', '__proto__', '2', 'toString', '3']))).toEqual([
      ['__proto__', ['1', '2']],
      ['tostring', '3'],
    ]);
  });
});
