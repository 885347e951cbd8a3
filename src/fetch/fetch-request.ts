import { createHash } from 'node:crypto';
import type { RequestFacts } from '../engine/assessment.ts';
import type { CachePolicy } from '../engine/policy.ts';
import { endToEndFields, type FieldList, withoutFields } from '../http/fields.ts';
import type { AnsweredRequest, Correlated, RequestObserver, RequestTiming } from '../observe/observer.ts';
import { createRequestTiming } from '../observe/request-timing.ts';
import { timedOrigin } from '../observe/timed-origin.ts';
import type { CacheRequest, FetchedResponse, Forwarding } from '../response-cache/cache-request.ts';
import { PARTIAL_FIELDS } from '../response-cache/partial-fields.ts';
import { type CacheMode, directivesOf } from './cache-mode.ts';
import type { FetchService } from './fetch-service.ts';
import type { OriginFetch } from './origin-fetch.ts';
import type { Content } from './request-content.ts';

// The runtime sets them, and decodes what it has asked for, so that no coding is a variant; or they are set below.
const NEVER = ['accept-encoding', 'cache-control', 'content-length', 'host'];
const NOT_SENT: ReadonlySet<string> = new Set(NEVER);
const NOT_SENT_FOR_WHOLE: ReadonlySet<string> = new Set([...NEVER, ...PARTIAL_FIELDS]);
// They differ between requests that are otherwise the same.
const OF_ONE_EXCHANGE: ReadonlySet<string> = new Set([
  ...PARTIAL_FIELDS,
  'x-request-id',
  'traceparent',
  'tracestate',
]);
const VALIDATORS: ReadonlySet<string> = new Set(['if-none-match', 'if-modified-since']);

/** A request of a caller to a service's origin. */
export interface Asked extends Correlated {
  readonly service: FetchService;
  /** Path and query below the service's own path, as the caller has them. */
  readonly target: string;
  readonly request: Request;
  readonly content: Content | null;
  readonly mode: CacheMode;
  readonly signal: AbortSignal;
  readonly dispatcher: RequestInit['dispatcher'];
  readonly originFetch: OriginFetch;
  readonly observer: RequestObserver;
}

/** A request's content where that is part of its cache key. */
export interface KeyedContent {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** A request of `fetch` as its origin would see it: what the cache judges by, and how the origin is asked. */
export class FetchRequest implements CacheRequest, RequestFacts {
  readonly method: string;
  readonly service: string;
  readonly policy: CachePolicy;
  readonly maxBodyBytes: number;
  readonly stallMs: number;
  readonly collapseMs: number;
  readonly retryAfterLimitMs: number;
  readonly compressFromBytes: number | null;
  readonly tags: readonly string[];
  readonly hasSeveralKeys: boolean;
  readonly signal: AbortSignal;
  readonly timing: RequestTiming = createRequestTiming();
  // Whose budget a refusal is about is not known: a service's callers may have keys of their own.
  readonly hasOwnBudget = false;
  /** The target that the origin is asked for. */
  readonly #target: string;
  readonly #asked: Asked;
  readonly #keyed: KeyedContent | null;
  readonly #directives: string | null;
  #key: string | undefined;

  constructor(asked: Asked, keyed: KeyedContent | null = null) {
    const { service, request, target, mode } = asked;
    this.#asked = asked;
    this.#keyed = keyed;
    this.method = request.method;
    this.service = service.name;
    this.policy = service.policy;
    this.maxBodyBytes = service.maxBodyBytes;
    this.stallMs = service.stallMs;
    this.collapseMs = service.collapseMs;
    this.retryAfterLimitMs = service.retryAfterLimitMs;
    this.compressFromBytes = service.compressFromBytes;
    this.tags = service.tags;
    this.hasSeveralKeys = service.keyedMethods.size > 0;
    this.signal = asked.signal;
    const isCached = this.method === 'GET' || this.headOnly || keyed !== null;
    this.#target = isCached ? service.normalised(target) : target;
    this.#directives = directivesOf(mode, 'here', request.headers.get('cache-control'));
  }

  /** As it is told to observers, once it is answered. */
  answered(outcome: AnsweredRequest['outcome']): AnsweredRequest {
    const { method, timing, key: cacheKey } = this;
    const correlationId = () => this.correlationId();
    return { method, target: this.#target, cacheKey, outcome, timing, correlationId };
  }

  get facts(): RequestFacts {
    return this;
  }

  field(lowerName: string): string | undefined {
    if (lowerName === 'cache-control') return this.#directives ?? undefined;
    if (NOT_SENT.has(lowerName)) return undefined;
    return this.#asked.request.headers.get(lowerName) ?? undefined;
  }

  get key(): string {
    this.#key ??= this.#keyed?.key ?? this.#asked.service.keyOf(this.#target);
    return this.#key;
  }

  get contentKeyed(): boolean {
    return this.#keyed !== null;
  }

  get targetUri(): string {
    return this.#asked.service.baseUri + this.#target;
  }

  get headOnly(): boolean {
    return this.method === 'HEAD';
  }

  get targetKey(): string | null {
    return this.#keyed === null ? null : this.#asked.service.keyOf(this.#target);
  }

  get isKeyExact(): boolean {
    return this.#asked.service.normalised(this.#target) === this.#target;
  }

  likeness(): string {
    const fields = this.#fields(OF_ONE_EXCHANGE);
    return createHash('sha256').update(fields.join('\n'), 'latin1').digest('base64url');
  }

  correlationId(): string {
    return this.#asked.correlationId();
  }

  forward(how: Forwarding): Promise<FetchedResponse> {
    const { conditions, whole, signal, inBackground, waitedMs } = how;
    const { service, mode, dispatcher, originFetch, observer } = this.#asked;
    const fields = this.#fields(whole ? NOT_SENT_FOR_WHOLE : NOT_SENT);
    // A reload wants all of it anew, whatever is stored.
    fields.push(...(mode === 'reload' ? withoutFields(conditions, VALIDATORS) : conditions));
    const directives = directivesOf(mode, 'onTheWay', this.#asked.request.headers.get('cache-control'));
    if (directives !== null) fields.push('cache-control', directives);
    if (!this.#asked.request.headers.has('x-request-id')) fields.push('x-request-id', this.correlationId());
    const asked = originFetch({
      url: this.targetUri,
      method: this.method,
      fields,
      content: this.#content(),
      signal,
      budget: service.budget,
      inBackground,
      waitedMs,
      headersMs: service.connectMs + service.headersMs,
      bodyMs: service.bodyMs,
      dispatcher,
    });
    return timedOrigin(asked, { service: service.name, observer, timing: this.timing, signal });
  }

  present(fields: FieldList): FieldList {
    return endToEndFields(fields);
  }

  keyOf(uri: string): string | null {
    const { service } = this.#asked;
    const target = service.targetOf(uri);
    return target === null ? null : service.keyOf(target);
  }

  #content(): Content | null {
    if (this.#keyed === null) return this.#asked.content;
    const { bytes } = this.#keyed;
    return this.#asked.content === null ? null : { kind: 'whole', body: bytes, bytes: bytes.length };
  }

  #fields(skip: ReadonlySet<string>): string[] {
    // The runtime names the boundary of what it makes of a form.
    const { content, request } = this.#asked;
    const isForm = this.#keyed === null && content?.kind === 'whole' && content.body instanceof FormData;
    const fields: string[] = [];
    for (const [name, value] of request.headers) {
      if (!skip.has(name) && !(isForm && name === 'content-type')) fields.push(name, value);
    }
    return fields;
  }
}
