import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Case, cases } from './cases.mjs';
import { faultsIn, judge, readExceptions } from './exceptions.mjs';

const LISTED: Case[] = [
  { id: 'must', kind: 'required', dependsOn: [] },
  { id: 'should', kind: 'optimal', dependsOn: [] },
  { id: 'does', kind: 'check', dependsOn: [] },
];
const FAILED = ['Assertion', 'Response 2 comes from cache'];
const because = (...modes: string[]) => ({ modes, reason: 'it says so', clause: 'RFC 9111 §4' });

describe('judge', () => {
  it('names each required or optimal case that fails, with what the suite said', () => {
    const { failures } = judge(LISTED, { must: FAILED, should: FAILED, does: FAILED }, {}, 'safe');
    expect(failures).toEqual([
      { id: 'must', kind: 'required', message: 'Assertion: Response 2 comes from cache' },
      { id: 'should', kind: 'optimal', message: 'Assertion: Response 2 comes from cache' },
    ]);
  });

  it('lets an exception hold in its modes only', () => {
    const results = { must: FAILED, should: true };
    const exceptions = { must: because('safe') };
    expect(judge(LISTED, results, exceptions, 'safe')).toEqual({
      failures: [],
      excepted: ['must'],
      stale: [],
    });
    expect(judge(LISTED, results, exceptions, 'rfc').failures.map(({ id }) => id)).toEqual(['must']);
  });

  it('finds an exception stale when its case passes in a mode that it names', () => {
    const results = { must: true, should: true };
    expect(judge(LISTED, results, { must: because('safe') }, 'safe').stale).toEqual(['must']);
    expect(judge(LISTED, results, { must: because('safe') }, 'rfc').stale).toEqual([]);
  });

  it('takes a case without a result for failed', () => {
    const { failures } = judge(LISTED, { should: true }, {}, 'rfc');
    expect(failures).toEqual([{ id: 'must', kind: 'required', message: 'no result' }]);
  });

  it('says what the suite’s bare "retry" means', () => {
    const { failures } = judge(LISTED, { must: ['Setup', 'retry'], should: true }, {}, 'rfc');
    expect(failures[0]?.message).toBe('Setup: the origin was asked twice for one request (retry)');
  });
});

describe('faultsIn', () => {
  it('accepts an exception with modes, a reason and a clause', () => {
    expect(faultsIn({ must: because('safe', 'rfc'), should: because('rfc') }, LISTED)).toEqual([]);
  });

  it.each([
    ['a case that does not exist', 'other', because('safe'), 'other is no case of the suite'],
    ['a check', 'does', because('safe'), 'does is a check, which fails no run'],
    ['no mode', 'must', because(), 'must needs modes: safe, rfc or both'],
    ['an unknown mode', 'must', because('strict'), 'must needs modes: safe, rfc or both'],
    ['no clause', 'must', { ...because('rfc'), clause: '' }, 'must needs a reason and a clause'],
  ])('refuses %s', (_, id, exception, fault) => {
    expect(faultsIn({ [id]: exception }, LISTED)).toEqual([fault]);
  });

  it('refuses an entry that says nothing', () => {
    expect(faultsIn({ must: null }, LISTED)).toHaveLength(2);
  });
});

describe('exceptions.yaml', () => {
  it('has no fault', async () => {
    await readExceptions(join(import.meta.dirname, 'exceptions.yaml'), cases);
  });

  it('excepts six optimal cases at most where all is stored that the standard lets be', async () => {
    const exceptions = await readExceptions(join(import.meta.dirname, 'exceptions.yaml'), cases);
    const optimal = cases.filter(
      ({ id, kind }) => kind === 'optimal' && exceptions[id]?.modes.includes('rfc'),
    );
    expect(optimal.length).toBeLessThanOrEqual(6);
  });
});
