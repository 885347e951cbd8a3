import { describe, expect, it } from 'vitest';
import { growth, parseExposition, quantile, total } from './exposition.ts';

const before = parseExposition(`
# HELP a_total Some "help" {of="it"} 3
# TYPE a_total counter
a_total{service="x",outcome="hit"} 5
a_total{service="y",outcome="hit"} 7
b 1.5e3
`);
const after = parseExposition(`
a_total{outcome="hit",service="x"} 9
a_total{service="y",outcome="hit"} 2 1700000000000
a_total{service="q\\"}\\n\\\\",outcome="miss"} 1
broken{ 4
c{le="+Inf"} +Inf
d NaN
`);

describe('an exposition', () => {
  it('has the series of each metric', () => {
    expect(before.series('a_total')).toHaveLength(2);
    expect(after.series('a_total')[2]).toEqual({
      labels: { service: 'q"}\n\\', outcome: 'miss' },
      value: 1,
    });
    expect([total(before, 'b'), total(before, 'a_total'), total(before, 'none')]).toEqual([1500, 12, null]);
  });

  it('tells growth by a label; what has fallen began anew', () => {
    expect([...growth(before, after, 'a_total', 'outcome')]).toEqual([
      ['hit', 6],
      ['miss', 1],
    ]);
    const ofX = growth(before, after, 'a_total', 'outcome', ({ service }) => service === 'x');
    expect([...ofX]).toEqual([['hit', 4]]);
    expect([...growth(before, after, 'c', 'le')]).toEqual([]);
    expect([...growth(before, after, 'd', 'le')]).toEqual([]);
  });
});

describe('a quantile', () => {
  const buckets = new Map([
    ['0.2', 90],
    ['0.1', 50],
    ['+Inf', 100],
  ]);
  it.each([
    [0.25, 0.05],
    [0.5, 0.1],
    [0.7, 0.15],
    [0.99, 0.2],
  ])('of %d', (share, value) => expect(quantile(share, buckets)).toBeCloseTo(value, 9));

  it('of nothing is none', () => {
    expect(quantile(0.5, new Map())).toBeNull();
    expect(quantile(0.5, new Map([['+Inf', 0]]))).toBeNull();
  });
});
