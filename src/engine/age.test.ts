import { describe, expect, test } from 'vitest';
import { httpDate, RECEIVED_AT, responseWith, SECOND } from '../../test/support/exchange.ts';
import { correctedInitialAgeMs, originatedAt } from './age.ts';

describe('corrected_initial_age (RFC 9111 §4.2.3)', () => {
  test.each<[string, Record<string, string>, number, number]>([
    ['nothing is old that says nothing', {}, 0, 0],
    ['the delay counts, to the millisecond', {}, 123, 123],
    ['Age counts, and the delay on top of it', { Age: '7' }, 250, 7_250],
    ['the apparent age counts where it is more', { Age: '7', Date: httpDate(-20 * SECOND) }, 250, 20_000],
    ['a Date in the future makes nothing younger', { Age: '7', Date: httpDate(60 * SECOND) }, 0, 7_000],
    ['a Date that is none is ignored', { Date: 'yesterday' }, 5, 5],
    ['of several Ages the first counts (§5.1)', { Age: '5, 900' }, 0, 5_000],
    ['an invalid Age is ignored', { Age: '-5' }, 0, 0],
    ['so is one with a fraction', { Age: '5.5' }, 0, 0],
    ['a very large one saturates (§1.2.2)', { Age: '9'.repeat(50) }, 0, 2 ** 31 * 1000],
    ['a clock that was set back adds nothing', { Age: '1' }, -500, 1_000],
  ])('%s', (_name, fields, delayMs, expected) => {
    const response = responseWith(fields, { requestAt: RECEIVED_AT - delayMs });
    expect(correctedInitialAgeMs(response)).toBe(expected);
  });
});

test('a response without Date is as old as its receipt (RFC 9110 §6.6.1)', () => {
  expect(originatedAt(responseWith({ Date: '' }))).toBe(RECEIVED_AT);
  expect(originatedAt(responseWith({ Date: httpDate(-SECOND) }))).toBe(RECEIVED_AT - SECOND);
});
