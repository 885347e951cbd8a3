import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allCases, type Case, cases } from './cases.mjs';
import { faultsIn, judge, readExceptions } from './exceptions.mjs';

const LISTED: Case[] = [
  { id: 'must', kind: 'required', dependsOn: [] },
  { id: 'should', kind: 'optimal', dependsOn: [] },
  { id: 'does', kind: 'check', dependsOn: [] },
];
const SAFE = { cache: 'gate', mode: 'safe' };
const RFC = { cache: 'gate', mode: 'rfc' };
const FAILED = ['Assertion', 'Response 2 comes from cache'];
const because = (...modes: string[]) => ({ modes, reason: 'it says so', clause: 'RFC 9111 §4' });

describe('judge', () => {
  it('names each required or optimal case that fails, with what the suite said', () => {
    const { failures } = judge(LISTED, { must: FAILED, should: FAILED, does: FAILED }, {}, SAFE);
    expect(failures).toEqual([
      { id: 'must', kind: 'required', message: 'Assertion: Response 2 comes from cache' },
      { id: 'should', kind: 'optimal', message: 'Assertion: Response 2 comes from cache' },
    ]);
  });

  it('lets an exception hold in its modes only', () => {
    const results = { must: FAILED, should: true };
    const exceptions = { must: because('safe') };
    expect(judge(LISTED, results, exceptions, SAFE)).toEqual({
      failures: [],
      excepted: ['must'],
      stale: [],
    });
    expect(judge(LISTED, results, exceptions, RFC).failures.map(({ id }) => id)).toEqual(['must']);
  });

  it('lets one of several exceptions hold in its caches only', () => {
    const exceptions = { must: [{ ...because('safe'), caches: ['gate'] }, because('rfc')] };
    const failing = (run: typeof SAFE) => judge(LISTED, { should: true }, exceptions, run).failures.length;
    const shared = ['safe', 'rfc'].map((mode) => ({ cache: 'shared', mode }));
    expect([SAFE, RFC, ...shared].map(failing)).toEqual([0, 0, 1, 0]);
  });

  it('finds an exception stale when its case passes in a mode that it names', () => {
    const results = { must: true, should: true };
    expect(judge(LISTED, results, { must: because('safe') }, SAFE).stale).toEqual(['must']);
    expect(judge(LISTED, results, { must: because('safe') }, RFC).stale).toEqual([]);
  });

  it('takes a case without a result for failed', () => {
    const { failures } = judge(LISTED, { should: true }, {}, RFC);
    expect(failures).toEqual([{ id: 'must', kind: 'required', message: 'no result' }]);
  });

  it('says what the suite’s bare "retry" means', () => {
    const { failures } = judge(LISTED, { must: ['Setup', 'retry'], should: true }, {}, RFC);
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
    [
      'an unknown cache',
      'must',
      { ...because('rfc'), caches: ['browser'] },
      'must needs caches: gate, shared, private, interceptor, or none for all',
    ],
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
    await readExceptions(join(import.meta.dirname, 'exceptions.yaml'), allCases);
  });

  it('excepts six optimal cases at most where all is stored that the standard lets be', async () => {
    const exceptions = await readExceptions(join(import.meta.dirname, 'exceptions.yaml'), allCases);
    const { excepted } = judge(cases, {}, exceptions, RFC);
    const optimal = cases.filter(({ id, kind }) => kind === 'optimal' && excepted.includes(id));
    expect(optimal.length).toBeLessThanOrEqual(6);
  });
});
