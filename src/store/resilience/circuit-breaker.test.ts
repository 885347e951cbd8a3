import { describe, expect, it } from 'vitest';
import { createCircuitBreaker, DEFAULT_BREAKER } from './circuit-breaker.ts';

const create = () => createCircuitBreaker(DEFAULT_BREAKER);

describe('createCircuitBreaker', () => {
  it('opens at the fifth failure in a row, and says so once', () => {
    const breaker = create();
    const opened = Array.from({ length: 7 }, () => breaker.failed('failure'));
    expect(opened).toEqual([false, false, false, false, true, false, false]);
    expect(breaker.isOpen()).toBe(true);
  });

  it('opens at the third timeout in a row', () => {
    const breaker = create();
    expect([1, 2, 3].map(() => breaker.failed('timeout'))).toEqual([false, false, true]);
  });

  it('opens at the first where nothing was answered meanwhile', () => {
    const breaker = create();
    expect([breaker.failed('failure'), breaker.failed('silence')]).toEqual([false, true]);
  });

  it('counts timeouts among the failures', () => {
    const breaker = create();
    const kinds = ['timeout', 'failure', 'timeout', 'timeout', 'failure'] as const;
    expect(kinds.map((kind) => breaker.failed(kind))).toEqual([false, false, false, false, true]);
  });

  it('begins anew after a success', () => {
    const breaker = create();
    for (let i = 0; i < 4; i++) breaker.failed('failure');
    breaker.succeeded();
    for (let i = 0; i < 4; i++) expect(breaker.failed('failure')).toBe(false);
  });

  it('stays open when a call from before is answered, and closes when told to', () => {
    const breaker = create();
    for (let i = 0; i < 5; i++) breaker.failed('failure');
    breaker.succeeded();
    expect(breaker.isOpen()).toBe(true);
    breaker.close();
    expect(breaker.isOpen()).toBe(false);
    expect(breaker.failed('failure')).toBe(false);
  });

  it('probes ever more rarely while open, and often again the next time', () => {
    const breaker = create();
    expect([1, 2, 3].map(() => breaker.nextProbeAfterMs(0))).toEqual([100, 200, 400]);
    breaker.close();
    expect(breaker.nextProbeAfterMs(0)).toBe(100);
  });
});
