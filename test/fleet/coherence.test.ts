import { describe, expect, it } from 'vitest';
import { type Disturbance, type History, type Purge, type Read, violationsOf } from './coherence.ts';

const FETCHED_AT = [1_000, 5_000];

function whyNot(
  read: Partial<Read>,
  purge: Partial<Purge> | null = null,
  disturbances: Omit<Disturbance, 'about'>[] = [],
): string[] {
  const history: History = {
    reads: [{ gate: 1, key: 'k', sentAt: 2_000, status: 200, number: 0, about: 'hit', ...read }],
    purges:
      purge === null
        ? []
        : [{ gate: 0, about: 'purge', keys: ['k'], sentAt: 1_500, ackedAt: 1_510, wait: false, ...purge }],
    disturbances: disturbances.map((each) => ({ about: 'cut', ...each })),
    askedAt: (_, number) => FETCHED_AT[number],
    freshMs: () => 60_000,
  };
  return violationsOf(history).map(({ why }) => why);
}

describe('the judge of coherence', () => {
  it('allows what was fetched after all purges, or before none', () => {
    expect(whyNot({})).toEqual([]);
    expect(whyNot({ sentAt: 6_000, number: 1 }, {})).toEqual([]);
    expect(whyNot({}, { keys: ['another'] })).toEqual([]);
    expect(whyNot({}, { sentAt: 900, ackedAt: 901 })).toEqual([]);
  });

  it('finds what was purged long before, and allows what was purged just now', () => {
    expect(whyNot({}, {})).toEqual([expect.stringContaining('fetched 500 ms before a purge')]);
    expect(whyNot({ sentAt: 1_700 }, {})).toEqual([]);
    expect(whyNot({}, { ackedAt: null })).toEqual([]);
  });

  it('lets what is on its way be joined at a gate without its link, for as long as it may take to notice', () => {
    const cut = { gate: 1, from: 1_400, to: 1_600 };
    const joined = { about: 'fwd=uri-miss; collapsed' };
    expect(whyNot({ ...joined, sentAt: 1_511 }, { wait: true })).toHaveLength(1);
    expect(whyNot({ ...joined, sentAt: 1_511 }, { wait: true }, [cut])).toEqual([]);
    expect(whyNot({ ...joined, sentAt: 2_511 }, { wait: true }, [cut])).toHaveLength(1);
  });

  it('allows no copy of a purge that waited, however the link was', () => {
    expect(whyNot({ sentAt: 1_511 }, { wait: true })).toHaveLength(1);
    expect(whyNot({ sentAt: 1_511 }, { wait: true }, [{ gate: 1, from: 1_400, to: 1_600 }])).toHaveLength(1);
    expect(whyNot({ sentAt: 1_509 }, { wait: true })).toEqual([]);
  });

  it('gives a gate without its link the time to notice', () => {
    const cut = { gate: 1, from: 1_400, to: 1_450 };
    expect(whyNot({}, {}, [cut])).toEqual([]);
    expect(whyNot({}, {}, [{ ...cut, gate: 0 }])).toHaveLength(1);
    expect(whyNot({}, {}, [{ ...cut, from: 1_800, to: 1_900 }])).toHaveLength(1);
    expect(whyNot({ sentAt: 2_511 }, {}, [cut])).toHaveLength(1);
  });

  it('finds the latest of many purges', () => {
    const purges = [200, 1_600, 700].map((sentAt) => ({
      ...{ gate: 0, about: 'purge', keys: ['k'], wait: true },
      ...{ sentAt, ackedAt: sentAt + 10 },
    }));
    const read = { gate: 3, key: 'k', sentAt: 2_000, status: 200, number: 0, about: '' };
    const history = { reads: [read], disturbances: [], askedAt: () => 1_000, freshMs: () => 60_000 };
    expect(violationsOf({ ...history, purges })).toHaveLength(1);
    expect(violationsOf({ ...history, purges: purges.filter(({ sentAt }) => sentAt < 1_000) })).toEqual([]);
  });

  it('finds failures, foreign answers and stale ones', () => {
    expect(whyNot({ status: 502, number: null, about: 'text' })).toEqual(['answered with 502: text']);
    expect(whyNot({ number: 7 })).toEqual([expect.stringContaining('never said')]);
    expect(whyNot({ sentAt: 61_900 })).toEqual([]);
    expect(whyNot({ sentAt: 62_100 })).toEqual([expect.stringContaining('stale for 1100 ms')]);
  });
});
