import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { type CacheUsage, measureStore, type StoreSources } from './store-metrics.ts';

const COUNTS = { calls: 5, timeouts: 1, failures: 2, refused: 0 };

async function textOf(sources: StoreSources): Promise<string[]> {
  const registry = new Registry();
  measureStore(registry, sources);
  return samplesOf(registry);
}

async function samplesOf(registry: Registry): Promise<string[]> {
  return (await registry.metrics()).split('\n').filter((line) => line !== '' && line[0] !== '#');
}

describe('measureStore', () => {
  it('tells the state, and nothing that it has no source of', async () => {
    expect(await textOf({ state: () => 'unwritable' })).toEqual([
      'cachegate_store_state{state="available"} 0',
      'cachegate_store_state{state="unwritable"} 1',
      'cachegate_store_state{state="away"} 0',
    ]);
  });

  it('tells how calls went since the start, at each scrape as it is', async () => {
    const registry = new Registry();
    const counts = new Map([['get', { ...COUNTS }]]);
    measureStore(registry, { state: () => 'available', operations: () => counts });
    expect(await samplesOf(registry)).toEqual(
      expect.arrayContaining([
        'cachegate_store_operations_total{operation="get"} 5',
        'cachegate_store_errors_total{operation="get",reason="timeout"} 1',
        'cachegate_store_errors_total{operation="get",reason="failure"} 2',
        'cachegate_store_errors_total{operation="get",reason="refused"} 0',
      ]),
    );
    counts.get('get')!.calls = 6;
    expect(await samplesOf(registry)).toContain('cachegate_store_operations_total{operation="get"} 6');
  });

  it('tells of the copies of this process', async () => {
    const copies = () => ({ entries: 3, bytes: 4_096, evictions: 2 });
    expect(await textOf({ state: () => 'available', copies })).toEqual(
      expect.arrayContaining([
        'cachegate_near_cache_bytes 4096',
        'cachegate_near_cache_entries 3',
        'cachegate_near_cache_evictions_total 2',
      ]),
    );
  });

  it('tells what the cache holds once that is known, and leaves out what is not', async () => {
    const usage: CacheUsage[] = [
      { total_entries: null, cache_size_bytes: null, average_ttl_remaining: null },
      { total_entries: 10, cache_size_bytes: 2_000, average_ttl_remaining: null },
    ];
    const registry = new Registry();
    measureStore(registry, { state: () => 'available', usage: () => usage.shift()!, limitBytes: () => null });
    expect((await samplesOf(registry)).filter((line) => !line.includes('_state'))).toEqual([]);
    expect((await samplesOf(registry)).filter((line) => !line.includes('_state'))).toEqual([
      'cachegate_cache_entries 10',
      'cachegate_cache_bytes 2000',
    ]);
  });

  it('does not wait for a store that does not answer', async () => {
    const never = () => new Promise<never>(() => {});
    const found = await textOf({ state: () => 'away', usage: never, limitBytes: never });
    expect(found).toContain('cachegate_store_state{state="away"} 1');
    expect(found.some((line) => line.startsWith('cachegate_cache'))).toBe(false);
  });

  it('asks for the limit once a minute, however often it is scraped', async () => {
    let asked = 0;
    const registry = new Registry();
    measureStore(registry, { state: () => 'available', limitBytes: () => ++asked * 1_024 });
    await samplesOf(registry);
    expect(await samplesOf(registry)).toContain('cachegate_store_limit_bytes 1024');
  });
});
