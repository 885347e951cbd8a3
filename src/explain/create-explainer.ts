import type { Clock } from '../clock.ts';
import { cacheKey } from '../engine/cache-key.ts';
import { variantKey } from '../engine/selection.ts';
import type { Answer } from '../gateway/answer.ts';
import { Exchange } from '../gateway/exchange.ts';
import { createFinder, type Destination } from '../gateway/location.ts';
import type { GateRequest } from '../gateway/request.ts';
import type { Service } from '../gateway/service.ts';
import { ServiceRequest } from '../gateway/service-request.ts';
import { createMethodStep } from '../gateway/steps/method-step.ts';
import type { Foresight } from '../response-cache/foresight.ts';
import type { ResponseCache } from '../response-cache/response-cache.ts';
import type { StoreKeys } from '../store/keys.ts';
import { type Reading, readAll, readOne } from '../store/reading.ts';
import type { Store } from '../store/store.ts';
import { askedRequest } from './asked-request.ts';
import { answerOf, depends, forwarded, refusal } from './explained-answer.ts';
import { explainedResponse } from './explained-response.ts';
import type { ExplainedVariants, ExplainRequest, Explanation } from './explanation.ts';
import { reasonsOf } from './reasons.ts';

export interface ExplainerOptions {
  readonly services: readonly Service[];
  readonly keys: Pick<StoreKeys, 'variant'>;
  readonly clock: Clock;
}

/**
 * Says what the cache holds for a request and what the next such request would do, by the same code that decides then.
 * Asks the store, and nobody else; changes nothing.
 * @throws CachegateError `ERR_EXPLAIN_INVALID`
 */
export type Explain = (request: ExplainRequest) => Promise<Explanation>;

export function createExplainer({ services, keys, clock }: ExplainerOptions): Explain {
  const locate = createFinder(services);
  const methodSteps = new Map(services.map((service) => [service, createMethodStep(service.methods)]));

  /** What is answered before the cache has a part in it. */
  async function refusalOf(service: Service, exchange: Exchange): Promise<Answer | null> {
    const { destination } = exchange;
    if (destination.isLogout === true) return exchange.method === 'POST' ? LOGOUT : destination.refused;
    return (await methodSteps.get(service)!(exchange)) ?? destination.refused;
  }

  /** What the store holds, and what becomes of it. */
  async function fromCache(
    service: Service,
    exchange: Exchange,
    { responses, store }: Cache,
  ): Promise<Partial<Explanation>> {
    const request = new ServiceRequest(exchange, exchange.destination, service.parts.upstream);
    const reading = await readOne(store, request.key);
    const foresight = await responses.foresee(request, reading);
    const { found, now } = foresight.planned;
    const { entry, expiresInMs } = found;
    const { tags } = service.parts;
    return {
      ...keysOf(service, exchange.destination),
      stored: storedIn(reading, foresight),
      variants: await variantsOf(store, request, foresight),
      response: entry === null ? null : explainedResponse({ entry, expiresInMs, tags, now }),
      next: answerOf(foresight, [
        ...notAsked(service),
        ...reasonsOf(request, foresight),
        ...budgetOf(service, foresight),
      ]),
    };
  }

  async function variantsOf(
    store: Store,
    request: ServiceRequest,
    { planned }: Foresight,
  ): Promise<ExplainedVariants[]> {
    const { variants } = planned.found;
    if (variants === null) return [];
    const names = variants.nominated.map((fields) =>
      keys.variant(request.key, variants.generation, variantKey(fields, request)),
    );
    const readings = await readAll(store, names);
    return variants.nominated.map((fields, i) => ({ fields, stored: isThere(readings[i]!) }));
  }

  async function explained(
    service: Service,
    request: GateRequest,
    destination: Destination,
  ): Promise<Partial<Explanation>> {
    const exchange = new Exchange(request, destination, clock);
    const refused = await refusalOf(service, exchange);
    if (refused !== null) return { next: refusal(refused.status, wordsFor(refused, destination)) };
    const target = { target: destination.target };
    const { cache, sharedBy, upstream } = service.parts;
    const { method } = request;
    const isRead = method === 'GET' || method === 'HEAD';
    if (cache === null) {
      return {
        ...target,
        next: forwarded('bypass', [...notAsked(service), 'Nothing of the service is cached.']),
      };
    }
    if (upstream.keyedMethods.has(method)) return { ...target, next: depends(KEYED_BY_CONTENT) };
    if (!isRead) return { ...target, next: forwarded('method', [...notAsked(service), NO_READ]) };
    if (sharedBy !== 'all') return { ...target, next: depends(WHOSE[sharedBy]) };
    return { ...target, ...(await fromCache(service, exchange, cache)) };
  }

  return async (asked) => {
    const request = askedRequest(asked);
    const location = locate(request.method, request.target);
    const nothing = { ...NOTHING, url: asked.url, method: request.method };
    if (location.service === null) {
      const { status } = location.refused;
      return { ...nothing, next: refusal(status, [NO_SERVICE[status] ?? 'The gate answers by itself.']) };
    }
    const { service, destination } = location;
    const found = await explained(service, request, destination);
    return { ...nothing, service: service.name, ...found } as Explanation;
  };
}

type Cache = { readonly responses: ResponseCache; readonly store: Store };

const NOTHING = {
  ...{ service: null, target: null, cache_key: null, store_key: null },
  ...{ stored: null, variants: [], response: null },
};

const LOGOUT: Answer = { status: 204, fields: [], body: null };
const KEYED_BY_CONTENT =
  'Responses to this method are kept by the content of the request, which an explanation does not have.';
const NO_READ = 'No stored response answers this method; what it changes is dropped from the store.';
const WHOSE = {
  role: 'Responses of this service are kept apart by the roles of the caller, who is not known here.',
  session: 'Responses of this service are each session’s own, and the caller is not known here.',
};
const NO_SERVICE: Readonly<Record<number, string>> = {
  400: 'The URL has two readings, or none, and is refused for all services.',
  404: 'No service has a path that the URL begins with.',
};
const CHECKS = { cors: 'CORS', session: 'session', limits: 'limits' };

function keysOf(service: Service, { target, key }: Destination) {
  return { cache_key: cacheKey({ service: service.name, method: 'GET', target }), store_key: key };
}

/** What an explanation leaves out. */
function notAsked({ parts: { checks, upstream } }: Service): string[] {
  const names = checks.map((check) => CHECKS[check]).join(', ');
  return [
    ...(checks.length === 0 ? [] : [`This holds for a caller who is let in; not checked here: ${names}.`]),
    ...(upstream.identityPassing === null ? [] : ['It is for who has neither a name nor roles.']),
  ];
}

function budgetOf({ parts: { upstream } }: Service, { next }: Foresight): string[] {
  const isAsked = next.kind === 'asks' || (next.kind === 'answers' && next.revalidates === 'yes');
  return upstream.budget === null || !isAsked ? [] : ['The budget of the origin may hold it back.'];
}

function storedIn(reading: Reading, { isDropped }: Foresight): boolean | null {
  return reading.ok && !isDropped ? reading.value !== null : null;
}

function isThere(reading: Reading): boolean {
  return reading.ok && reading.value !== null;
}

function wordsFor({ status }: Answer, destination: Destination): string[] {
  if (destination.isLogout === true) return ['The path is the service’s own, at which sessions end.'];
  if (destination.failure !== undefined) return ['The mapping of the service fails for this URL.'];
  if (destination.refused?.status === status) return ['The mapping of the service refuses this URL.'];
  return ['The service does not have this method, or answers it by itself.'];
}
