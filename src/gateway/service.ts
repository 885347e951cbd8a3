import { cacheKey, type KeyedRequest, normalisedTarget, type TargetKeying } from '../engine/cache-key.ts';
import type { CachePolicy } from '../engine/policy.ts';
import type { RequestObserver } from '../observe/observer.ts';
import type { Tracing } from '../observe/tracing.ts';
import type { OriginBudget } from '../origin-budget/origin-budget.ts';
import { formatRateLimitPolicy } from '../rate-limit/fields.ts';
import type { Limiter } from '../rate-limit/limiter.ts';
import type { ResponseCache } from '../response-cache/response-cache.ts';
import type { StoreKeys } from '../store/keys.ts';
import type { Store } from '../store/store.ts';
import { errorAnswer } from './answer.ts';
import type { Cors } from './cors.ts';
import type { Exchange, Step } from './exchange.ts';
import { createForwarding, type ForwardingPolicy } from './forwarding.ts';
import type { IdentityPassing } from './identity-passing.ts';
import type { Routed } from './location.ts';
import type { OriginClient } from './origin-client.ts';
import { createPresentation } from './presentation.ts';
import type { SessionGate } from './session-gate.ts';
import { createCorsStep } from './steps/cors-step.ts';
import { createEarlyReadsStep } from './steps/early-reads-step.ts';
import { createIdentifyStep } from './steps/identify-step.ts';
import { createLogoutSteps } from './steps/logout-steps.ts';
import { createMethodStep } from './steps/method-step.ts';
import { createOwnIdentifyStep, createOwnSessionStep } from './steps/own-session-steps.ts';
import { createPartStep } from './steps/part-step.ts';
import { createRateLimitStep } from './steps/rate-limit-step.ts';
import { createCachedRespondStep, createForwardStep } from './steps/respond-step.ts';
import { createSessionStep } from './steps/session-step.ts';
import { createUpgradeStep } from './steps/upgrade-step.ts';
import { tracedOrigin } from './traced-origin.ts';
import type { Transform } from './transform.ts';
import { isRefusal, isTarget } from './transform-results.ts';
import { createTransformedFetch } from './transformed-fetch.ts';
import type { UpgradeClient } from './upgrade-client.ts';
import type { Upstream } from './upstream.ts';

export interface ServiceOptions {
  readonly name: string;
  /** `/`, or a path without a closing slash. */
  readonly prefix: string;
  readonly stripPrefix: boolean;
  readonly methods: readonly string[];
  readonly origin: URL;
  readonly client: OriginClient;
  /** `null`: nobody traces requests. */
  readonly tracing?: Tracing | null;
  /** How often the origin may be asked, which the client keeps; `null`: as often as it is. */
  readonly budget: OriginBudget | null;
  readonly observer: RequestObserver;
  readonly cors: Cors | null;
  readonly gate: SessionGate | null;
  /** What the origin is told of whose the session is; `null`: nothing. */
  readonly identityPassing: IdentityPassing | null;
  /** The path, below the prefix, at which sessions end; `null`: there is none. */
  readonly logoutPath: string | null;
  /** Counts each request of a session, or, without a gate, of a client address. */
  readonly limiter: Limiter | null;
  /** Counts the validations that a client address causes. */
  readonly validationLimiter: Limiter | null;
  readonly cache: { readonly responses: ResponseCache; readonly store: Store } | null;
  readonly policy: CachePolicy;
  readonly maxBodyBytes: number;
  readonly keying: TargetKeying;
  /** Whose a stored response is: everyone's, of those with the same roles, or of one session. */
  readonly sharedBy: 'all' | 'role' | 'session';
  /** Methods beside GET and HEAD whose responses are stored, with the request's content in the key. */
  readonly keyedMethods: readonly string[];
  /** A request of such a method with more content is passed on. */
  readonly maxKeyBodyBytes: number;
  /** For so long at most an origin's `Retry-After` is heeded; 0: not at all. */
  readonly retryAfterLimitMs: number;
  /** For so long at most a request waits for another process that asks the origin the same. */
  readonly collapseMs: number;
  /** What all of its stored responses are tagged with. */
  readonly tags: readonly string[];
  /** Longer bodies are compressed in the store where their kind allows; `null`: none is. */
  readonly compressFromBytes: number | null;
  /** For so long a client may read nothing of a body that is being sent. */
  readonly stallMs: number;
  /** The protocols that a connection may change to (RFC 9110 §7.8), in lower case, and who asks for that; `null`: none. */
  readonly upgrade: { readonly protocols: readonly string[]; readonly client: UpgradeClient } | null;
  readonly forwarding: ForwardingPolicy;
  /** For a transform's work on one response, its fetches included. */
  readonly transformDeadlineMs: number;
  readonly responseFields: Readonly<Record<string, string>>;
  readonly transform: { readonly code: Transform; readonly options: Record<string, unknown> } | null;
  readonly keys: StoreKeys;
  readonly addressOf: (exchange: Exchange) => string;
  /** The store if asking it takes a round trip: what a request needs is then read early, together. */
  readonly distantStore: Store | null;
}

/** What of a service says how its answers come about. */
export interface ServiceParts {
  readonly upstream: Upstream;
  /** `null`: each request goes to the origin. */
  readonly cache: ServiceOptions['cache'];
  readonly sharedBy: ServiceOptions['sharedBy'];
  /** The names of the tags of all of its stored responses. */
  readonly tags: readonly string[];
  /** What a request has to pass before it is answered. */
  readonly checks: readonly ('cors' | 'session' | 'limits')[];
}

/** One configured origin with its policy: the steps that its requests go through, in their order. */
export interface Service extends Routed {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly parts: ServiceParts;
  /** The last of them: answers whoever was let in. */
  readonly respond: Step;
  /** The same for requests to end a session. */
  readonly logoutSteps: readonly Step[];
  /** For so long a client may read nothing of an answer. */
  readonly stallMs: number;
  /** Its answers are made by a transform. */
  readonly transformed: boolean;
  /** Methods beside GET and HEAD whose responses are stored, with the request's content in the key. */
  readonly keyedMethods: readonly string[];
  /** Its stored responses are not everyone's, so that a target has several. */
  readonly hasParts: boolean;
  /** `RateLimit-Policy` and what `RateLimit` says where nothing was counted; `null` without limits. */
  readonly limits: { readonly policy: string; readonly untouched: string } | null;
  /** Lets what is under way with the origin finish; nothing is asked from then on. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export function createService(options: ServiceOptions): Service {
  const { name, prefix, keys, transform, keying, tracing = null } = options;
  const { origin } = options;
  const client = {
    ...options.client,
    fetch: tracedOrigin(options.client.fetch, { service: name, origin, tracing }),
  };
  const hasParts = options.sharedBy !== 'all';
  const keyedBy = (keyed: Omit<KeyedRequest, 'service'>) =>
    keys.response(name, cacheKey({ service: name, ...keyed }));
  const keyOf = (target: string, part?: string) =>
    keyedBy({ method: 'GET', target: normalisedTarget(target, keying), ...(part !== undefined && { part }) });
  const upstream: Upstream = {
    service: name,
    observer: options.observer,
    tracing,
    baseUri: options.origin.href.replace(/\/$/, ''),
    forwarding: createForwarding(options.forwarding),
    policy: options.policy,
    maxBodyBytes: options.maxBodyBytes,
    keyedMethods: new Set(options.keyedMethods),
    maxKeyBodyBytes: options.maxKeyBodyBytes,
    retryAfterLimitMs: options.retryAfterLimitMs,
    stallMs: options.stallMs,
    collapseMs: options.collapseMs,
    tags: options.tags.map(keys.tag),
    compressFromBytes: options.compressFromBytes,
    budget: options.budget,
    hasOwnBudget: hasOwnBudget(options),
    transformed: transform?.code.response !== undefined,
    fetch:
      transform?.code.response === undefined
        ? (request) => client.fetch(request)
        : createTransformedFetch({
            client,
            transform: transform.code,
            options: transform.options,
            maxBodyBytes: options.maxBodyBytes,
            deadlineMs: options.transformDeadlineMs,
          }),
    present: createPresentation({
      ownFields: options.responseFields,
      ownCors: options.cors !== null,
      gated: options.gate !== null,
      targetedFields: ['cdn-cache-control', ...options.policy.targetedFields],
    }),
    identityPassing: options.identityPassing,
    hasSeveralKeys: hasParts || options.keyedMethods.length > 0,
    keyOf,
    isKeyExact: (target) => normalisedTarget(target, keying) === target,
    contentKeyOf: (method, target, content, part) =>
      keyedBy({ method, target, content, ...(part !== undefined && { part }) }),
  };
  const all = [...steps(options, upstream)];
  return {
    name,
    prefix,
    methods: options.methods,
    steps: all,
    parts: partsOf(options, upstream),
    respond: all.at(-1)!,
    logoutSteps: createLogoutSteps({ ...options, ...limitKeys(options) }),
    logoutPath: options.gate === null ? null : options.logoutPath,
    hasParts,
    stallMs: options.stallMs,
    transformed: upstream.transformed,
    keyedMethods: options.keyedMethods,
    limits: describeLimits(options),
    map: createMapping(options),
    keyOf,
    drain: () => client.drain(),
    close: () => client.close(),
  };
}

function partsOf(options: ServiceOptions, upstream: Upstream): ServiceParts {
  const { cache, sharedBy, tags, cors, gate, limiter } = options;
  const checks: ServiceParts['checks'] = [
    ...(cors === null ? [] : ['cors' as const]),
    ...(gate === null ? [] : ['session' as const]),
    ...(limiter === null ? [] : ['limits' as const]),
  ];
  return { upstream, cache, sharedBy, tags, checks };
}

function limitKeys({ gate, keys, name, addressOf }: ServiceOptions) {
  const addressKey = (exchange: Exchange) => keys.rateLimit(name, 'address', addressOf(exchange));
  const limitKey = gate === null ? addressKey : (exchange: Exchange) => exchange.session!.rateLimitKey;
  return { addressKey, limitKey };
}

/** CORS, rate limit, session, response: in this order, each able to answer. */
function* steps(options: ServiceOptions, upstream: Upstream): Generator<Step> {
  const { gate, limiter, cache, distantStore, sharedBy } = options;
  const { addressKey, limitKey } = limitKeys(options);
  const toPart = (by: 'role' | 'session') =>
    createPartStep({ sharedBy: by, keys: options.keys, keyOf: upstream.keyOf });

  if (options.cors !== null) yield createCorsStep(options.cors);
  yield createMethodStep(options.methods);
  if (gate !== null) yield gate.kind === 'own' ? createOwnIdentifyStep(gate) : createIdentifyStep(gate);
  if (sharedBy === 'session') yield toPart(sharedBy);
  if (distantStore !== null) {
    yield createEarlyReadsStep({
      store: distantStore,
      limiter,
      limitKey,
      readsSession: gate !== null && gate.store !== null,
      // Which roles a caller has is not known yet.
      readsResponse: cache !== null && sharedBy !== 'role',
    });
  }
  if (limiter !== null) yield createRateLimitStep(limiter, limitKey);
  if (gate?.kind === 'own') yield createOwnSessionStep(gate);
  if (gate?.kind === 'remote') {
    yield createSessionStep({
      validations: gate.validations,
      store: gate.store,
      addressLimiter: options.validationLimiter,
      addressKey,
    });
  }
  if (sharedBy === 'role') yield toPart(sharedBy);
  if (options.upgrade !== null) yield createUpgradeStep({ ...options.upgrade, upstream });
  yield cache === null
    ? createForwardStep(upstream)
    : createCachedRespondStep(upstream, cache.responses, cache.store);
}

// Where the gate brings credentials of its own, or lets none of the client's through, a budget is spent by all together.
function hasOwnBudget({ gate, policy, forwarding, identityPassing }: ServiceOptions): boolean {
  // An origin that is told who asks may well count each for itself.
  if (identityPassing !== null) return false;
  return gate !== null || policy.force || Object.keys(forwarding.ownFields).length > 0;
}

function describeLimits({ limiter, validationLimiter }: ServiceOptions): Service['limits'] {
  const limits = [limiter, validationLimiter].filter((each) => each !== null).map((each) => each.limit);
  if (limits.length === 0) return null;
  const [{ name, rule }] = limits as [Limiter['limit']];
  return { policy: formatRateLimitPolicy(limits), untouched: `"${name}";r=${rule.limit}` };
}

function createMapping({
  prefix,
  stripPrefix,
  transform,
  keying,
  keyedMethods,
}: ServiceOptions): Service['map'] {
  const below = (path: string) => (prefix === '/' ? path : path.slice(prefix.length) || '/');
  const isCached = (method: string) => method === 'GET' || keyedMethods.includes(method);
  const request = transform?.code.request;
  if (request === undefined) {
    return (method, path, query) => {
      const target = (stripPrefix ? below(path) : path) + (query === undefined ? '' : `?${query}`);
      return { target: isCached(method) ? normalisedTarget(target, keying) : target };
    };
  }
  return (method, path, query) => {
    const asked = { method, path: below(path), query: new URLSearchParams(query) };
    const mapped: unknown = request(asked, transform!.options);
    if (isTarget(mapped)) {
      return { target: isCached(method) ? normalisedTarget(mapped.target, keying) : mapped.target };
    }
    if (isRefusal(mapped)) return errorAnswer(mapped.status, mapped.error);
    // Whatever becomes of a promise, which is no answer here, it has an owner.
    if (mapped instanceof Promise) mapped.catch(() => {});
    throw new TypeError('a transform’s request gave neither { target } nor { status, error }');
  };
}
