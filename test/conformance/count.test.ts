import { describe, expect, it } from 'vitest';
import type { Case } from './cases.mjs';
import { countCases, passedAlone, type Result, type Results } from './count.mjs';

const FAILED: Result = ['Assertion', 'no'];
const one = (id: string, kind: Case['kind'], ...dependsOn: string[]): Case => ({ id, kind, dependsOn });

describe('countCases', () => {
  it('counts by kind what passes, and of that what its dependencies bear', () => {
    const cases = [
      one('a', 'required'),
      one('b', 'required', 'a'),
      one('c', 'required', 'x'),
      one('d', 'required'),
      one('x', 'optimal'),
      one('y', 'check', 'a'),
    ];
    const results: Results = { a: true, b: true, c: true, d: FAILED, x: FAILED, y: true };
    expect(countCases(cases, results)).toEqual({
      required: { total: 4, passed: 3, counted: 2, missing: 0 },
      optimal: { total: 1, passed: 0, counted: 0, missing: 0 },
      check: { total: 1, passed: 1, counted: 1, missing: 0 },
    });
  });

  it('counts a case without a result as failed', () => {
    const counts = countCases([one('a', 'required'), one('b', 'required', 'a')], { b: true });
    expect(counts).toEqual({ required: { total: 2, passed: 1, counted: 0, missing: 1 } });
  });
});

describe('passedAlone', () => {
  const chain = [one('a', 'check'), one('b', 'optimal', 'a'), one('c', 'required', 'b')];

  it('follows dependencies of dependencies', () => {
    expect(passedAlone(chain, { a: FAILED, b: true, c: true })).toEqual(['b', 'c']);
    expect(passedAlone(chain, { a: true, b: true, c: true })).toEqual([]);
  });

  it('does not name what failed itself', () => {
    expect(passedAlone(chain, { a: FAILED, b: FAILED, c: true })).toEqual(['c']);
  });

  it('wants every one of several dependencies', () => {
    const cases = [one('a', 'check'), one('b', 'check'), one('c', 'required', 'a', 'b')];
    expect(passedAlone(cases, { a: true, b: FAILED, c: true })).toEqual(['c']);
  });

  it('wants the result of a dependency that is no case here, as of one that only browsers run', () => {
    const cases = [one('c', 'required', 'elsewhere')];
    expect(passedAlone(cases, { c: true })).toEqual(['c']);
    expect(passedAlone(cases, { c: true, elsewhere: true })).toEqual([]);
  });

  it('ends when cases depend on each other', () => {
    const ring = [one('a', 'required', 'b'), one('b', 'required', 'a')];
    expect(passedAlone(ring, { a: true, b: true })).toEqual([]);
    expect(passedAlone(ring, { a: true, b: FAILED })).toEqual(['a']);
  });
});
