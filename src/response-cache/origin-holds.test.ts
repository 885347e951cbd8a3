import { describe, expect, it } from 'vitest';
import { formatHttpDate } from '../http/http-date.ts';
import { createOriginHolds, type Hold, type Refused } from './origin-holds.ts';

const NOW = Date.UTC(2026, 0, 15, 12);
const LIMIT_MS = 300_000;
const ONE: Refused = { service: 'air', likeness: () => 'response:{air:1} a' };
const SAME_SERVICE: Refused = { ...ONE, likeness: () => 'response:{air:2} a' };
const OTHER_SERVICE: Refused = { service: 'sea', likeness: () => 'response:{sea:1} a' };

/** What holds after one answer to `ONE`: for itself, for the rest of its service, for another service. */
function heldAfter(status: number, retryAfter: string | null, now = NOW, asked = ONE, limitMs = LIMIT_MS) {
  const holds = createOriginHolds();
  holds.note(asked, status, retryAfter === null ? [] : ['Retry-After', retryAfter], limitMs, NOW);
  return [ONE, SAME_SERVICE, OTHER_SERVICE].map((each) => holds.find(each, now));
}

const hold = (status: Hold['status'], seconds: number): Hold => ({ status, until: NOW + seconds * 1000 });

describe('an origin that asks for a pause (RFC 9110 §10.2.3)', () => {
  it('by 503 has it for the resource, and by 429 (RFC 6585 §4) for all of the service', () => {
    expect(heldAfter(503, '10')).toEqual([hold(503, 10), null, null]);
    expect(heldAfter(429, '10')).toEqual([hold(429, 10), hold(429, 10), null]);
  });

  it('has it until then, and no longer', () => {
    expect(heldAfter(503, '10', NOW + 9_999)[0]).toEqual(hold(503, 10));
    expect(heldAfter(503, '10', NOW + 10_000)[0]).toBeNull();
  });

  it('may name a date', () => {
    expect(heldAfter(503, formatHttpDate(NOW + 20_000))[0]).toEqual(hold(503, 20));
    expect(heldAfter(503, formatHttpDate(NOW - 20_000))[0]).toBeNull();
  });

  it('has no longer one than the limit, and none where that is 0', () => {
    expect(heldAfter(429, '99999999')[0]).toEqual(hold(429, 300));
    expect(heldAfter(503, formatHttpDate(NOW + 400_000))[0]).toEqual(hold(503, 300));
    expect(heldAfter(429, '10', NOW, ONE, 0)).toEqual([null, null, null]);
  });

  it.each([null, '0', '', '-1', '1.5', 'soon', '10, 20'])('is not heard with Retry-After %s', (value) => {
    expect(heldAfter(503, value)).toEqual([null, null, null]);
  });

  it.each([200, 301, 404, 500, 502, 504])('is not heard with a %i', (status) => {
    expect(heldAfter(status, '10')).toEqual([null, null, null]);
  });

  it('whose budget is not the service’s own holds up only what looks the same', () => {
    const theirs: Refused = { ...ONE, service: null };
    expect(heldAfter(429, '10', NOW, theirs)).toEqual([hold(429, 10), null, null]);
    const holds = createOriginHolds();
    holds.note(theirs, 429, ['Retry-After', '10'], LIMIT_MS, NOW);
    expect(holds.find({ service: null, likeness: () => 'response:{air:1} b' }, NOW)).toBeNull();
    holds.note(ONE, 429, ['Retry-After', '10'], LIMIT_MS, NOW);
    expect(holds.find({ service: null, likeness: () => 'response:{air:2} a' }, NOW)).toBeNull();
  });

  it('of a resource is asked for before what the service asks for', () => {
    const holds = createOriginHolds();
    holds.note(ONE, 429, ['Retry-After', '20'], LIMIT_MS, NOW);
    holds.note(ONE, 503, ['Retry-After', '10'], LIMIT_MS, NOW);
    expect(holds.find(ONE, NOW)).toEqual(hold(503, 10));
    expect(holds.find(ONE, NOW + 15_000)).toEqual(hold(429, 20));
  });
});
