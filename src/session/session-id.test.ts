import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutSessionId, isWellFormedSessionId, MAX_SESSION_ID_LENGTH } from './session-id.ts';

describe('a session id', () => {
  it.each(['', ' ', 'a b', 'a;b', 'a,b', 'a"b', 'a\\b', 'a\u0000b', 'a\r\nb', 'é', 'a'.repeat(257)])(
    'is malformed: %j',
    (id) => expect(isWellFormedSessionId(id)).toBe(false),
  );

  it.each(['a', 'abc12345', 'A-._~!#$%&()*+/:<=>?@[]^`{|}', 'a'.repeat(MAX_SESSION_ID_LENGTH)])(
    'is well formed: %s',
    (id) => expect(isWellFormedSessionId(id)).toBe(true),
  );

  it('could be put into a Cookie field and read back, if well formed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (id) => {
        if (!isWellFormedSessionId(id)) return;
        expect(id).toMatch(/^[!-~]+$/);
        expect(id).not.toMatch(/[",;\\]/);
      }),
    );
  });

  it('is shown by its first 8 characters', () => {
    expect(cutSessionId('abc12345def67890')).toBe('abc12345');
    expect(cutSessionId('abc123456')).toBe('abc12345');
  });

  it('is never shown whole', () => {
    expect(cutSessionId('abc12345')).toBe('abc1');
    expect(cutSessionId('a')).toBe('');
  });
});
