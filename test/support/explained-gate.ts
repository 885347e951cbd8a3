import { createBackground } from '../../src/background.ts';
import type { CachePolicy } from '../../src/engine/policy.ts';
import { createExplainer, type Explain } from '../../src/explain/create-explainer.ts';
import type { Answer } from '../../src/gateway/answer.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import type { OriginRequest } from '../../src/gateway/origin-client.ts';
import type { GateRequest } from '../../src/gateway/request.ts';
import { createService, type ServiceOptions } from '../../src/gateway/service.ts';
import { fieldValue } from '../../src/http/fields.ts';
import type { FetchedResponse } from '../../src/response-cache/cache-request.ts';
import { createResponseCache } from '../../src/response-cache/response-cache.ts';
import { createStoreKeys } from '../../src/store/keys.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { createFaultyStore, type FaultyStore } from '../../src/testing/faulty-store.ts';
import { createManualClock, type ManualClock } from '../../src/testing/manual-clock.ts';
import { readBody } from '../model/bodies.ts';

/** A gateway of one service in this process, with what explains its answers; nothing has sockets or a clock of its own. */
export interface ExplainedGate {
  readonly clock: ManualClock;
  readonly store: FaultyStore;
  readonly explain: Explain;
  /** Answers as a server would, whose clients read to the end; then all that goes on behind the answer is waited for. */
  ask(target: string, method?: string, fields?: Readonly<Record<string, string>>): Promise<Answered>;
  /** The same, of which the answer is waited for alone. */
  begin(target: string): Promise<Answer>;
  purge(target: string, how?: { readonly markedAt?: number }): Promise<unknown>;
}

export interface Answered {
  readonly status: number;
  /** The field, without the cache's name. */
  readonly cacheStatus: string;
}

export interface ExplainedGateOptions {
  readonly origin: (request: OriginRequest, clock: ManualClock) => Promise<FetchedResponse>;
  readonly policy?: Partial<CachePolicy>;
  readonly change?: Partial<ServiceOptions>;
}

const POLICY: CachePolicy = {
  ...{ mode: 'safe', heuristic: true, force: false, negativeTtlSeconds: new Map() },
  ...{ targetedFields: ['cdn-cache-control', 'surrogate-control'], staleIfDisconnectedSeconds: 60 },
};

export function createExplainedGate({
  origin,
  policy = {},
  change = {},
}: ExplainedGateOptions): ExplainedGate {
  const clock = createManualClock();
  const store = createFaultyStore(createMemoryStore({ maxBytes: 64 * 1024 * 1024, clock }));
  const keys = createStoreKeys('', 'secret');
  const failures: unknown[] = [];
  const background = createBackground(1_000, (error) => failures.push(error));
  const responses = createResponseCache({ store, keys, clock, background, observer: {} });
  const service = createService({
    ...{ name: 'api', prefix: '/', stripPrefix: true, origin: new URL('http://origin.test'), observer: {} },
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'],
    client: { fetch: (request) => origin(request, clock), drain: async () => {}, close: async () => {} },
    ...{ budget: null, cors: null, gate: null, identityPassing: null, logoutPath: null, limiter: null },
    ...{ validationLimiter: null, cache: { responses, store }, policy: { ...POLICY, ...policy } },
    maxBodyBytes: 1_000_000,
    keying: { sortQuery: false, ignoreQuery: [], lowerCasePath: false },
    ...{ sharedBy: 'all', keyedMethods: [], maxKeyBodyBytes: 1_000, retryAfterLimitMs: 60_000 },
    ...{ collapseMs: 10_000, tags: ['of-service'], compressFromBytes: null, stallMs: 10_000, upgrade: null },
    ...{ transformDeadlineMs: 1_000, responseFields: {}, transform: null },
    forwarding: {
      ...{ fields: 'all', cookies: true, authorization: true, webOrigin: true, sessionCookie: null },
      ...{ sessionField: null, ownFields: {}, requestDirectives: true, surrogate: false },
    },
    ...{ keys, addressOf: () => '', distantStore: null },
    ...change,
  });
  const gateway = createGateway({ services: [service], clock, observer: {} });

  const begin = async (target: string, method = 'GET', fields: Readonly<Record<string, string>> = {}) =>
    gateway.handle(requestFor(target, method, Object.entries(fields).flat()));

  return {
    ...{ clock, store, begin },
    explain: createExplainer({ services: [service], keys, clock }),
    async ask(target, method, fields) {
      const answer = await begin(target, method, fields);
      await readBody(answer.body);
      if (!(await background.settle(10_000))) throw new Error('the work behind the answers does not end');
      if (failures.length > 0) throw failures[0];
      const { status } = answer;
      return {
        status,
        cacheStatus: (fieldValue(answer.fields, 'cache-status') ?? '').replace('cachegate; ', ''),
      };
    },
    purge: async (target, how) => store.drop([service.keyOf(target)], how),
  };
}

function requestFor(target: string, method: string, fields: readonly string[]): GateRequest {
  return {
    ...{ target, method, fields, peer: '', body: null, upgrade: null },
    signal: new AbortController().signal,
    field: (name) => fieldValue(fields, name),
    inform() {},
  };
}
