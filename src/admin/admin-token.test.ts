import { expect, it } from 'vitest';
import { createTokenCheck } from './admin-token.ts';

const TOKEN = 'a secret, with spaces & ünlaut';
const asSent = (token: string) => Buffer.from(token).toString('latin1');
const right = `Bearer ${asSent(TOKEN)}`;

it.each([
  [right, 'right'],
  [`bEARER   ${asSent(TOKEN)}`, 'right'],
  [undefined, 'missing'],
  ['', 'missing'],
  ['Bearer', 'missing'],
  ['Bearer ', 'missing'],
  [`Basic ${asSent(TOKEN)}`, 'missing'],
  [asSent(TOKEN), 'missing'],
  ['Bearer x', 'wrong'],
  [`${right}x`, 'wrong'],
  [right.slice(0, -1), 'wrong'],
  [`Bearer ${'x'.repeat(100_000)}`, 'wrong'],
])('finds in %j that the token is %s', (authorization, kind) => {
  expect(createTokenCheck(TOKEN).check(authorization, '127.0.0.1').kind).toBe(kind);
});

it('does not listen to an address that guesses, until its minute is over', () => {
  let now = 5;
  const { check } = createTokenCheck(TOKEN, () => now);
  for (let i = 0; i < 10; i++) expect(check('Bearer x', '10.0.0.1').kind).toBe('wrong');
  now += 20_000;
  expect(check('Bearer x', '10.0.0.1')).toEqual({ kind: 'held', retryAfterSeconds: 40 });
  expect(check(right, '10.0.0.1')).toEqual({ kind: 'held', retryAfterSeconds: 40 });
  expect(check(right, '::ffff:10.0.0.1').kind).toBe('held');
  expect(check(right, '10.0.0.2').kind).toBe('right');
  now += 40_000;
  expect(check(right, '10.0.0.1').kind).toBe('right');
  for (let i = 0; i < 10; i++) expect(check('Bearer x', '10.0.0.1').kind).toBe('wrong');
});

it('counts neither a missing token nor a right one, and nothing of a Unix socket', () => {
  const { check } = createTokenCheck(TOKEN, () => 0);
  for (let i = 0; i < 20; i++) {
    expect(check(undefined, '10.0.0.1').kind).toBe('missing');
    expect(check(right, '10.0.0.1').kind).toBe('right');
    expect(check('Bearer x', '').kind).toBe('wrong');
  }
});

it('holds those together whom nobody can tell apart', () => {
  const { check } = createTokenCheck(TOKEN, () => 0);
  for (let i = 0; i < 10; i++) expect(check('Bearer x', 'unknown').kind).toBe('wrong');
  expect(check(right, 'unknown').kind).toBe('held');
  expect(check(right, '10.0.0.1').kind).toBe('right');
});

it('takes the addresses of a network of IPv6 for one, and remembers a bounded number', () => {
  const { check } = createTokenCheck(TOKEN, () => 0);
  for (let i = 0; i < 10; i++) check('Bearer x', `2001:db8::${i}`);
  expect(check(right, '2001:db8::ffff').kind).toBe('held');
  expect(check(right, '2001:db8:0:1::1').kind).toBe('right');
  for (let i = 0; i < 1_000; i++) check('Bearer x', `10.1.${i >> 8}.${i & 255}`);
  expect(check(right, '2001:db8::ffff').kind).toBe('right');
});
