import { describe, expect, it } from 'vitest';
import { shownText } from './shown-text.ts';

describe('the text of somebody else', () => {
  it.each([
    ['connect ECONNREFUSED 127.0.0.1:6379', 'connect ECONNREFUSED 127.0.0.1:6379'],
    ['no answer within 100 ms', 'no answer within 100 ms'],
    [
      "Cannot read properties of undefined (reading 'records')",
      "Cannot read properties of undefined (reading 'records')",
    ],
    ['redis://user:pass@host:6379/0', 'redis://host:6379/0'],
    ['redis://:p/a?s@s@host', 'redis://…'],
    ['to https://host/path?key=value#part failed', 'to https://host/path?… failed'],
    ['(http://user:pass@host/?q=1)', '(http://host/?…'],
    ['GET /path?key=value HTTP/1.1', 'GET /path?… HTTP/1.1'],
    ['Authorization: Bearer abc def', 'Authorization: …'],
    ['{"cookie":"a=b; c=d"}', '{"cookie": …'],
    ['sent Bearer abcdefgh.ijk to it', 'sent Bearer … to it'],
    ['password=abc, more', 'password=…, more'],
    ["api_key: 'a b' more", 'api_key: … more'],
    [
      'Headers.append: "sec\nret" is an invalid header value.',
      'Headers.append: … is an invalid header value.',
    ],
    [
      `Headers.append: "${'it is a secret\n'.repeat(100)}" is an invalid header value.`,
      'Headers.append: … is an invalid header value.',
    ],
    [`id ${'a1'.repeat(20)} unknown`, 'id … unknown'],
    [
      "ERR unknown command 'X', with args beginning with: 'key' 'val",
      "ERR unknown command 'X', with args beginning with: …",
    ],
    ['ERR no, command was: ["set","key","value"]', 'ERR no, command was: …'],
    ['Invalid Compact JWS eyJhbGciOiJI.eyJzdWIi.c2ln', 'Invalid Compact JWS …'],
    ['x'.repeat(40), 'x'.repeat(40)],
    ['two\r\nlines\tof \u001b[2Jred\u009b31m\rover', 'two\r\nlines\tof ?[2Jred?31m?over'],
  ])('%j is shown as %j', (text, shown) => {
    expect(shownText(text)).toBe(shown);
  });

  it('is not cut within a secret so that it looks like none', () => {
    for (const left of [15, 35, 47]) {
      const before = 'y '.repeat(500 - left);
      expect(shownText(before + 'a1'.repeat(100))).toBe(`${before}…`);
    }
  });

  it('is cut, and read in little time whatever it is', () => {
    for (const piece of ['a', 'token', 'a1-', '?a=', 'http://', ': is an invalid ', '"', "'"]) {
      expect(shownText(piece.repeat(100_000)).length).toBeLessThanOrEqual(3_000);
    }
  });
});
