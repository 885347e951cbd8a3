import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createMetrics } from './metrics.ts';
import type { AnsweredRequest, GateObserver } from './observer.ts';
import type { CacheOutcome } from './outcome.ts';
import { createRequestTiming } from './request-timing.ts';

function request(outcome: CacheOutcome | null, lookupMs: number | null = null): AnsweredRequest {
  return {
    method: 'GET',
    target: '/a?secret=1',
    cacheKey: 'k',
    outcome,
    timing: { ...createRequestTiming(), lookupMs },
    correlationId: () => 'id',
  };
}

function measured(services: string[] = ['a']) {
  const registry = new Registry();
  const observer = createMetrics(registry, { version: '1.2.3', services: () => services });
  /** All series that are not 0, each with its value. */
  const counted = async () => {
    const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && line[0] !== '#');
    const series = lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.split(' ').at(-1)),
    ]);
    return Object.fromEntries(series.filter(([name, value]) => value !== 0 && !/_bucket/.test(String(name))));
  };
  return { registry, observer: observer as Required<GateObserver>, services, counted };
}

const CONSTANT = { 'cachegate_build_info{version="1.2.3"}': 1, cachegate_store_tracking: 1 };

describe('createMetrics', () => {
  it('tells of everything from the beginning, with zeros', async () => {
    const { registry, counted } = measured(['a', 'b']);
    expect(await counted()).toEqual(CONSTANT);
    const text = await registry.metrics();
    for (const service of ['a', 'b']) {
      for (const outcome of ['hit', 'bypass', 'method', 'uri-miss', 'vary-miss', 'miss', 'request']) {
        expect(text).toContain(`cachegate_requests_total{service="${service}",outcome="${outcome}"} 0`);
      }
      for (const outcome of ['stale', 'partial', 'other', 'gate']) {
        expect(text).toContain(`cachegate_requests_total{service="${service}",outcome="${outcome}"} 0`);
      }
      expect(text).toContain(`cachegate_origin_answers_total{service="${service}",status="none"} 0`);
      expect(text).toContain(`cachegate_lookup_duration_seconds_count{service="${service}"} 0`);
    }
    for (const verdict of ['valid', 'invalid', 'unavailable']) {
      expect(text).toContain(`cachegate_session_validations_total{verdict="${verdict}"} 0`);
    }
    expect(text).toContain('cachegate_purges_total{by="tag",mode="soft",result="failed"} 0');
    expect(text).toContain('cachegate_value_lookups_total{name="values",result="hit"} 0');
  });

  it('counts requests by what became of them', async () => {
    const { observer, counted } = measured();
    observer.requestAnswered('a', 200, request({ hit: true }, 0.02));
    observer.requestAnswered('a', 304, request({ hit: true }, 2));
    observer.requestAnswered('a', 200, request({ hit: false, fwd: 'uri-miss', collapsed: true }, 1));
    observer.requestAnswered('a', 504, request({ hit: false, detail: 'only-if-cached' }));
    observer.requestAnswered('a', 401, request(null));
    observer.requestAnswered('a', 101, request({ hit: false, fwd: 'bypass' }));
    expect(await counted()).toEqual({
      ...CONSTANT,
      'cachegate_requests_total{service="a",outcome="hit"}': 2,
      'cachegate_requests_total{service="a",outcome="uri-miss"}': 1,
      'cachegate_requests_total{service="a",outcome="other"}': 1,
      'cachegate_requests_total{service="a",outcome="gate"}': 1,
      'cachegate_requests_total{service="a",outcome="bypass"}': 1,
      'cachegate_answers_total{service="a",status="1xx"}': 1,
      'cachegate_answers_total{service="a",status="2xx"}': 1,
      'cachegate_answers_total{service="a",status="4xx"}': 1,
      'cachegate_answers_total{service="a",status="5xx"}': 1,
      'cachegate_collapsed_requests_total{service="a"}': 1,
      'cachegate_lookup_duration_seconds_count{service="a"}': 3,
      'cachegate_lookup_duration_seconds_sum{service="a"}': expect.closeTo(0.003_02),
    });
  });

  it('goes on counting from one scrape to the next', async () => {
    const { observer, counted } = measured();
    for (const total of [1, 2, 3]) {
      observer.requestAnswered('a', 200, request({ hit: true }));
      expect(await counted()).toMatchObject({ 'cachegate_requests_total{service="a",outcome="hit"}': total });
    }
  });

  it('tells of a service that a new configuration brings', async () => {
    const { registry, services } = measured();
    services.push('late');
    expect(await registry.metrics()).toContain('cachegate_requests_total{service="late",outcome="hit"} 0');
  });

  it('counts origins, saves, limits and budgets by service', async () => {
    const { observer, counted } = measured();
    observer.originAnswered('a', 200, 100);
    observer.originAnswered('a', null, 300);
    observer.responseSaved('a', true, 4);
    observer.responseSaved('a', false, 4);
    for (const result of ['not-modified', 'replaced', 'failed'] as const) observer.revalidated('a', result);
    observer.limitJudged('a', 'session', true);
    observer.limitJudged('a', 'address', false);
    observer.originHeldBack('a', true, 50);
    observer.originHeldBack('a', false, 1_000);
    expect(await counted()).toEqual({
      ...CONSTANT,
      'cachegate_origin_duration_seconds_count{service="a"}': 2,
      'cachegate_origin_duration_seconds_sum{service="a"}': expect.closeTo(0.4),
      'cachegate_origin_answers_total{service="a",status="2xx"}': 1,
      'cachegate_origin_answers_total{service="a",status="none"}': 1,
      'cachegate_save_duration_seconds_count{service="a"}': 1,
      'cachegate_save_duration_seconds_sum{service="a"}': expect.closeTo(0.004),
      'cachegate_revalidations_total{service="a",result="not-modified"}': 1,
      'cachegate_revalidations_total{service="a",result="replaced"}': 1,
      'cachegate_revalidations_total{service="a",result="failed"}': 1,
      'cachegate_rate_limit_decisions_total{service="a",limit="session",decision="allowed"}': 1,
      'cachegate_rate_limit_decisions_total{service="a",limit="address",decision="refused"}': 1,
      'cachegate_origin_budget_waits_total{service="a",result="admitted"}': 1,
      'cachegate_origin_budget_waits_total{service="a",result="refused"}': 1,
      'cachegate_origin_budget_wait_seconds_count{service="a"}': 2,
      'cachegate_origin_budget_wait_seconds_sum{service="a"}': expect.closeTo(1.05),
    });
  });

  it('counts sessions, purges, warming and values', async () => {
    const { observer, counted } = measured();
    const session = {} as never;
    observer.sessionHit(session, 1, request(null));
    observer.sessionMissed(session, 'Wagtail', request(null));
    observer.sessionCacheFailed(session, 'read', undefined as never, 'id');
    observer.sessionCacheFailed(session, 'write', undefined as never, 'id');
    observer.sessionValidated(session, 'Wagtail', { verdict: 'unavailable' }, 500, 'id');
    const purge = { by: 'tag', mode: 'soft', names: ['x'] } as const;
    observer.purged({ ...purge, wait: false, purged: 7, durationMs: 1 }, request(null));
    observer.purgeFailed(purge, undefined as never, request(null));
    observer.warmJobChanged('job', 'running');
    observer.warmJobChanged('job', 'done');
    observer.warmed('job', '1', null);
    observer.warmed('job', '2', 'status 404');
    observer.valueLookedUp('values', true);
    observer.valueLookedUp('values', false);
    observer.storeTrackingChanged(false);
    const { cachegate_store_tracking: _, ...build } = CONSTANT;
    expect(await counted()).toEqual({
      ...build,
      'cachegate_session_cache_lookups_total{result="hit"}': 1,
      'cachegate_session_cache_lookups_total{result="miss"}': 1,
      'cachegate_session_cache_lookups_total{result="error"}': 1,
      'cachegate_session_validations_total{verdict="unavailable"}': 1,
      'cachegate_session_validation_duration_seconds_count{verdict="unavailable"}': 1,
      'cachegate_session_validation_duration_seconds_sum{verdict="unavailable"}': 0.5,
      'cachegate_purges_total{by="tag",mode="soft",result="done"}': 1,
      'cachegate_purges_total{by="tag",mode="soft",result="failed"}': 1,
      'cachegate_warm_jobs_total{state="running"}': 1,
      'cachegate_warm_jobs_total{state="done"}': 1,
      'cachegate_warm_items_total{result="warmed"}': 1,
      'cachegate_warm_items_total{result="failed"}': 1,
      'cachegate_value_lookups_total{name="values",result="hit"}': 1,
      'cachegate_value_lookups_total{name="values",result="miss"}': 1,
    });
  });
});
