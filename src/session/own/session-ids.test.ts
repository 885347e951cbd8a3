import { expect, test } from 'vitest';
import { isSessionId, newSessionId } from './session-ids.ts';

const SESSIONS = 1_000_000;
const BYTES = 16;
const VALUES = 256;

// Of 255 degrees of freedom: mean 255, standard deviation 22.6. Seven of those either way: a fair generator leaves that in
// one of many millions of runs, one with the slightest pattern always.
const DEVIATION = Math.sqrt(2 * (VALUES - 1));
const MEAN = SESSIONS / VALUES;

test('the ids of a million sessions are unique, and each of their bytes is uniformly distributed', {
  timeout: 120_000,
}, () => {
  const seen = new Set<string>();
  const counts = new Uint32Array(BYTES * VALUES);
  let malformed = 0;
  for (let i = 0; i < SESSIONS; i++) {
    const id = newSessionId();
    if (!isSessionId(id)) malformed += 1;
    seen.add(id);
    const bytes = Buffer.from(id, 'base64url');
    for (let at = 0; at < BYTES; at++) counts[at * VALUES + bytes[at]!]! += 1;
  }
  expect(malformed).toBe(0);
  expect(seen.size).toBe(SESSIONS);
  for (let at = 0; at < BYTES; at++) {
    const ofByte = counts.subarray(at * VALUES, (at + 1) * VALUES);
    const chiSquared = ofByte.reduce((sum, count) => sum + (count - MEAN) ** 2 / MEAN, 0);
    expect(Math.abs(chiSquared - (VALUES - 1)), `byte ${at}`).toBeLessThan(7 * DEVIATION);
  }
});

test.each<[unknown, boolean]>([
  ['AAAAAAAAAAAAAAAAAAAAAA', true],
  ['_-09azAZ_-09azAZ_-09aw', true],
  // The same 128 bits in another spelling.
  ['AAAAAAAAAAAAAAAAAAAAAB', false],
  ['AAAAAAAAAAAAAAAAAAAAA', false],
  ['AAAAAAAAAAAAAAAAAAAAAAA', false],
  ['AAAAAAAAAAAAAAAAAAAAAA\n', false],
  ['AAAAAAAAAA/AAAAAAAAAAA', false],
  ['', false],
  [0, false],
  [null, false],
  [['AAAAAAAAAAAAAAAAAAAAAA'], false],
])('%j is an id: %j', (value, expected) => expect(isSessionId(value)).toBe(expected));
