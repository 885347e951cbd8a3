import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nominatedFields } from './vary.ts';

test.each<[string | undefined, '*' | readonly string[]]>([
  [undefined, []],
  ['', []],
  ['Accept-Encoding', ['accept-encoding']],
  ['Origin, Accept-Encoding,origin', ['accept-encoding', 'origin']],
  [' ,B,\tA ,', ['a', 'b']],
  ['*', '*'],
  ['Accept, *', '*'],
  // Not a name: unknown what it varies by.
  ['Accept Encoding', '*'],
  ['Accept; q=1', '*'],
])('Vary: %s (RFC 9110 §12.5.5)', (value, expected) => {
  expect(nominatedFields(value)).toEqual(expected);
});

test('order, case and repetition mean nothing', () => {
  const name = fc.stringMatching(/^[A-Za-z-]{1,10}$/);
  fc.assert(
    fc.property(fc.array(name), (names) => {
      const shuffled = [...names, ...names].reverse().map((each) => each.toUpperCase());
      expect(nominatedFields(shuffled.join(', '))).toEqual(nominatedFields(names.join(',')));
    }),
  );
});

test('names are never such that they could be mistaken for more than one', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const names = nominatedFields(value);
      for (const name of names) expect(name).toMatch(/^[^\s,:]+$/);
    }),
  );
});
