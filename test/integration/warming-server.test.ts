import { afterEach, describe, expect, it } from 'vitest';
import type { WarmReport, WarmRequest } from '../../src/warm/warm-job.ts';
import { type RunningProxy, startProxy } from '../support/proxy.ts';
import { untilSo } from '../support/server-process.ts';

// A job of a server, through its services, into what its clients are answered from.

let proxy: RunningProxy;
afterEach(() => proxy.close());

async function warmed(request: WarmRequest): Promise<WarmReport> {
  const { warm } = proxy.server.operations;
  let report = await warm.start(request);
  await untilSo('The end of the job', async () => {
    report = (await warm.report(report.id))!;
    return report.ended_at !== null;
  });
  return report;
}

describe('a server that warms', () => {
  it('answers what was warmed without its origin', async () => {
    proxy = await startProxy(
      (request, response) => {
        response.statusCode = request.url === '/api/404' ? 404 : 200;
        response.setHeader('cache-control', request.url === '/api/private' ? 'private' : 'max-age=60');
        response.end(`of ${request.url}`);
      },
      (config) => ({ ...config, warm: { ...config.warm, template: '/api/{id}' } }),
    );
    const report = await warmed({ ids: [1, '1', 'a b', 404, 'private', '..'] });
    expect(report).toMatchObject({
      ...{ state: 'done', warmed_count: 2, failed_count: 3, total_requested: 5, duplicates: 1 },
      failures: expect.arrayContaining([
        { id: '404', reason: expect.stringContaining('404') },
        { id: 'private', reason: expect.any(String) },
        { id: '..', reason: 'the id is a dot segment' },
      ]),
    });
    const asked = proxy.asked.length;
    expect(asked).toBe(4);
    for (const path of ['/api/1', '/api/a%20b']) {
      const answer = await proxy.get(path);
      expect(answer.headers.get('cache-status')).toMatch(/hit/);
      expect(await answer.text()).toBe(`of ${path}`);
    }
    expect(proxy.asked).toHaveLength(asked);
    // Once more: it is there.
    expect(await warmed({ urls: ['/api/1', 'https://www.example.com/api/1'] })).toMatchObject({
      ...{ warmed_count: 1, duplicates: 1 },
    });
    expect(proxy.asked).toHaveLength(asked);
  });

  it('keeps to the budget of the origin', async () => {
    const times: number[] = [];
    proxy = await startProxy(
      (_request, response) => {
        times.push(performance.now());
        response.setHeader('cache-control', 'max-age=60');
        response.end('ok');
      },
      (config) => ({
        ...config,
        services: {
          default: {
            ...config.services.default!,
            origin_limit: { rules: [{ limit: 5, window_seconds: 1 }], wait_ms: 200 },
          },
        },
      }),
    );
    const urls = Array.from({ length: 16 }, (_, i) => `/${i}`);
    expect(await warmed({ urls, concurrency: 16 })).toMatchObject({ warmed_count: 16, failed_count: 0 });
    expect(times).toHaveLength(16);
    // A second by the clock of the store; on the way some may be late, and those behind them not.
    for (let i = 5; i < times.length; i++) expect(times[i]! - times[i - 5]!).toBeGreaterThan(500);
  });
});
