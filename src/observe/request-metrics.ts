import type { Registry } from 'prom-client';
import type { RequestObserver } from './observer.ts';
import { OUTCOME_WORDS, outcomeWord } from './outcome-word.ts';
import { createTalliedCounter, type Tally } from './tallied-counter.ts';
import { createTalliedHistogram, type Observed } from './tallied-histogram.ts';

// From a read of memory to the deadline of a store that is asked twice.
const LOOKUP_BUCKETS = [
  ...[0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05],
  ...[0.1, 0.25, 0.5],
];
const ORIGIN_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const SAVE_BUCKETS = [0.000_1, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
const WAIT_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** `1xx`: the connection has changed its protocol. */
const STATUS_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** The series of one service, bound once. */
interface ServiceSeries {
  readonly hits: Tally;
  readonly outcomes: Readonly<Record<string, Tally>>;
  /** By the first digit of the status. */
  readonly answers: readonly Tally[];
  readonly collapsed: Tally;
  readonly lookups: Observed;
  readonly exchanges: Observed;
  readonly originAnswers: readonly Tally[];
  readonly originSilent: Tally;
  readonly saves: Observed;
  readonly revalidations: Readonly<Record<'not-modified' | 'replaced' | 'failed', Tally>>;
  readonly limits: Readonly<Record<'session' | 'address', Decided>>;
  readonly held: Decided;
  readonly waits: Observed;
}

interface Decided {
  readonly yes: Tally;
  readonly no: Tally;
}

/**
 * Measures requests, in a registry of prom-client's.
 * @param services the services of the configuration in force: each is told from the beginning, with zeros
 */
export function createRequestMetrics(registry: Registry, services: () => readonly string[]): RequestObserver {
  const bind = createBinding(registry, () => services().forEach(seriesOf));
  const known = new Map<string, ServiceSeries>();

  // One service after the other is rare, and its name sooner compared than looked up.
  let lastName: string | null = null;
  let last: ServiceSeries;

  function seriesOf(service: string): ServiceSeries {
    if (service === lastName) return last;
    last = known.get(service) ?? bind(service);
    known.set(service, last);
    lastName = service;
    return last;
  }

  services().forEach(seriesOf);
  return {
    requestAnswered(service, status, { outcome, timing }) {
      const series = seriesOf(service);
      if (timing.lookupMs !== null) series.lookups.observeMs(timing.lookupMs);
      if (outcome?.hit) {
        series.hits.count++;
        return;
      }
      series.outcomes[outcomeWord(outcome)]!.count++;
      count(series.answers, status);
      if (outcome?.collapsed) series.collapsed.count++;
    },
    originAnswered(service, status, durationMs) {
      const { exchanges, originAnswers, originSilent } = seriesOf(service);
      exchanges.observeMs(durationMs);
      if (status === null) originSilent.count++;
      else count(originAnswers, status);
    },
    responseSaved(service, stored, durationMs) {
      if (stored) seriesOf(service).saves.observeMs(durationMs);
    },
    revalidated(service, result) {
      seriesOf(service).revalidations[result].count++;
    },
    limitJudged(service, limit, allowed) {
      decide(seriesOf(service).limits[limit], allowed);
    },
    originHeldBack(service, admitted, waitedMs) {
      const { held, waits } = seriesOf(service);
      decide(held, admitted);
      waits.observeMs(waitedMs);
    },
  };
}

function count(byClass: readonly Tally[], status: number): void {
  const tally = byClass[Math.floor(status / 100) - 1];
  if (tally !== undefined) tally.count++;
}

function decide({ yes, no }: Decided, isYes: boolean): void {
  if (isYes) yes.count++;
  else no.count++;
}

/** @param prepare called before any of it is told */
function createBinding(registry: Registry, prepare: () => void): (service: string) => ServiceSeries {
  const requests = createTalliedCounter(registry, {
    name: 'cachegate_requests_total',
    help: 'Requests answered, by what the cache did (the words of RFC 9211; gate: answered before any cache).',
    labelNames: ['service', 'outcome'],
    prepare,
  });
  const answers = createTalliedCounter(registry, {
    name: 'cachegate_answers_total',
    help: 'Answers that were no cache hits, by the class of their status.',
    labelNames: ['service', 'status'],
  });
  const collapsed = createTalliedCounter(registry, {
    name: 'cachegate_collapsed_requests_total',
    help: "Requests answered by the origin's response to another request.",
    labelNames: ['service'],
  });
  const lookups = createTalliedHistogram(registry, {
    name: 'cachegate_lookup_duration_seconds',
    help: 'From the first question to the store until it was decided what becomes of what it holds.',
    labelNames: ['service'],
    buckets: LOOKUP_BUCKETS,
  });
  const exchanges = createTalliedHistogram(registry, {
    name: 'cachegate_origin_duration_seconds',
    help: "Exchanges with origins, until the answer's header section was there or the exchange failed.",
    labelNames: ['service'],
    buckets: ORIGIN_BUCKETS,
  });
  const originAnswers = createTalliedCounter(registry, {
    name: 'cachegate_origin_answers_total',
    help: 'Exchanges with origins, by the class of the status (none: no answer).',
    labelNames: ['service', 'status'],
  });
  const saves = createTalliedHistogram(registry, {
    name: 'cachegate_save_duration_seconds',
    help: 'Until what an origin sent was in the store.',
    labelNames: ['service'],
    buckets: SAVE_BUCKETS,
  });
  const revalidations = createTalliedCounter(registry, {
    name: 'cachegate_revalidations_total',
    help: 'Stored responses validated behind an answer (RFC 5861), by what came of it.',
    labelNames: ['service', 'result'],
  });
  const limits = createTalliedCounter(registry, {
    name: 'cachegate_rate_limit_decisions_total',
    help: 'Requests that a rate limit let pass, or refused.',
    labelNames: ['service', 'limit', 'decision'],
  });
  const held = createTalliedCounter(registry, {
    name: 'cachegate_origin_budget_waits_total',
    help: "Exchanges that waited for their origin's budget, by whether they got a share of it.",
    labelNames: ['service', 'result'],
  });
  const waits = createTalliedHistogram(registry, {
    name: 'cachegate_origin_budget_wait_seconds',
    help: "How long exchanges waited for their origin's budget.",
    labelNames: ['service'],
    buckets: WAIT_BUCKETS,
  });
  return (service) => {
    const outcomes = Object.fromEntries(
      OUTCOME_WORDS.map((outcome) => [outcome, requests({ service, outcome })]),
    );
    const limited = (limit: string) => ({
      yes: limits({ service, limit, decision: 'allowed' }),
      no: limits({ service, limit, decision: 'refused' }),
    });
    return {
      hits: outcomes.hit!,
      outcomes,
      answers: STATUS_CLASSES.map((status) => answers({ service, status })),
      collapsed: collapsed({ service }),
      lookups: lookups({ service }),
      exchanges: exchanges({ service }),
      originAnswers: STATUS_CLASSES.map((status) => originAnswers({ service, status })),
      originSilent: originAnswers({ service, status: 'none' }),
      saves: saves({ service }),
      revalidations: {
        'not-modified': revalidations({ service, result: 'not-modified' }),
        replaced: revalidations({ service, result: 'replaced' }),
        failed: revalidations({ service, result: 'failed' }),
      },
      limits: { session: limited('session'), address: limited('address') },
      held: {
        yes: held({ service, result: 'admitted' }),
        no: held({ service, result: 'refused' }),
      },
      waits: waits({ service }),
    };
  };
}
