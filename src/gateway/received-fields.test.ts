import { describe, expect, it } from 'vitest';
import { interimFields, receivedFields, trimmed } from './received-fields.ts';

describe('the fields of a response', () => {
  it('are characters of one byte each', () => {
    const bytes = [Buffer.from('X-A'), Buffer.from([0x61, 0xe9, 0xa0])];
    expect(receivedFields(bytes)).toEqual(['X-A', 'a\xe9\xa0']);
    expect(receivedFields(null)).toEqual([]);
  });

  it('lose the white space after their values, and no other', () => {
    const fields = ['A', 'x \t ', 'B', ' ', 'C', 'x y\xa0', 'D', '', 'E', '\tx'];
    expect(trimmed(fields)).toEqual(['A', 'x', 'B', '', 'C', 'x y\xa0', 'D', '', 'E', '\tx']);
  });

  it('of an interim one are those end to end, without a length', () => {
    const fields = [
      'Link',
      '</a>',
      'Connection',
      'X-Hop',
      'x-hop',
      '1',
      'Content-Length',
      '4',
      'Trailer',
      'X',
    ];
    expect(interimFields(fields)).toEqual(['Link', '</a>']);
  });
});
