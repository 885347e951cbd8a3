import { createCounters } from '../dist/statistics/counters.js';
import { createStatistics } from '../dist/statistics/create-statistics.js';
import { createHotSketch } from '../dist/statistics/hot-sketch.js';
import { createStoreKeys } from '../dist/store/keys.js';
import { createMemoryStore } from '../dist/store/memory/memory-store.js';
import { createValkeyStore } from '../dist/store/valkey/valkey-store.js';

/** What a gate on one core answers when it is full; after so many the counts are brought to the store. */
export const REQUESTS_A_SECOND = 50_000;
const TARGETS = 1_024;
const IN_MEMORY_NS = 100;
const SHARED_NS = 300;

const OUTCOMES = [
  ...Array.from({ length: 14 }, () => ({ hit: true, ttl: 60 })),
  { hit: false, fwd: 'uri-miss', fwdStatus: 200, stored: true },
  null,
];

/** As the gateway's, whose method and target are those of the platform's request. */
class Exchange {
  constructor(request, outcome) {
    this.request = request;
    this.outcome = outcome;
  }

  get method() {
    return this.request.method;
  }

  get target() {
    return this.request.target;
  }
}

/**
 * Requests in turn: each with a target that was just read from a socket, so that nobody knows its hash yet.
 */
export function createRequests() {
  const width = 40;
  const text = Array.from({ length: TARGETS }, (_, i) => `/v0/bases/app1/records/${i}`.padEnd(width, 'x'));
  const bytes = Buffer.from(text.join(''), 'latin1');
  let next = 0;

  return {
    /** @param calls what `observer` is told of each by */
    answer(observer, calls) {
      for (let i = 0; i < REQUESTS_A_SECOND; i += 1) {
        next = (next + 7) % TARGETS;
        const target = bytes.latin1Slice(next * width, (next + 1) * width);
        calls(observer, new Exchange({ method: 'GET', target }, OUTCOMES[next % OUTCOMES.length]), i);
      }
    },
  };
}

const told = (observer, exchange) => observer.requestAnswered('api', 200, exchange);

/** The first is the floor: the same requests, and an observer that does nothing. */
export async function openCases(url) {
  const keys = createStoreKeys('', 'secret');
  const clock = { now: () => Date.now() };
  const common = { keys, clock, services: () => ['api'], sampleSize: 100, shownUrl: '' };
  const memory = createMemoryStore({ maxBytes: 1_000_000, clock });
  const valkey = createValkeyStore({ url, namespace: '' });
  await valkey.ping();
  const local = createStatistics({ ...common, store: memory, storage: 'memory' });
  const shared = createStatistics({ ...common, store: valkey, storage: 'redis' });
  const sketch = createHotSketch();
  const few = createCounters(sketch).observer;
  const atOnce = async () => {};
  return {
    all: [
      {
        name: 'told to nobody',
        bar: null,
        observer: { requestAnswered() {} },
        second: told,
        endOfSecond: atOnce,
      },
      {
        name: 'in memory',
        bar: IN_MEMORY_NS,
        observer: local.observer,
        second: told,
        endOfSecond: local.flush,
      },
      {
        name: 'in memory, each of the first 100 of a second',
        bar: null,
        observer: few,
        second(observer, exchange, i) {
          if (i % 50 === 0) sketch.tick();
          told(observer, exchange);
        },
        endOfSecond: atOnce,
      },
      { name: 'shared', bar: SHARED_NS, observer: shared.observer, second: told, endOfSecond: shared.flush },
    ],
    async close() {
      await Promise.all([local.close(), shared.close()]);
      await Promise.all([memory.close(), valkey.close()]);
    },
  };
}
