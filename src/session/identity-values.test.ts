import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeIdentity, encodeIdentity, isIdentityText, rolesOf } from './identity-values.ts';

it('an identity comes back as it was', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter(isIdentityText);
  const roles = fc.array(text, { maxLength: 32 }).map((found) => rolesOf(found) ?? []);
  fc.assert(
    fc.property(fc.record({ user: fc.option(text), roles }), (identity) => {
      expect(decodeIdentity(encodeIdentity(identity, 'a'), 'a')).toEqual(identity);
      expect(decodeIdentity(encodeIdentity(identity, 'a'), 'b')).toBeNull();
    }),
  );
});

it('no bytes make it throw', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => decodeIdentity(Buffer.from(bytes), '') === null));
});

it('roles are in order, each once, and no more than 32', () => {
  expect(rolesOf(['b', 'a', 'b'])).toEqual(['a', 'b']);
  expect(rolesOf(Array.from({ length: 33 }, (_, i) => `${i}`))).toBeNull();
  expect(rolesOf(['a', ''])).toBeNull();
  expect(rolesOf(Array.from({ length: 9 }, (_, i) => `${i}`.repeat(250)))).toBeNull();
});

it.each(['', 'a\n', '\u0000', '\ud800', 'a\ufffd', 'a'.repeat(257), 7, null])(
  '%j is neither user nor role',
  (found) => expect(isIdentityText(found)).toBe(false),
);
