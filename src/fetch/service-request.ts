import type { RequestFacts } from '../engine/assessment.ts';
import type { CachePolicy } from '../engine/policy.ts';
import { endToEndFields, type FieldList } from '../http/fields.ts';
import type { AnsweredRequest, Correlated, RequestTiming } from '../observe/observer.ts';
import { createRequestTiming } from '../observe/request-timing.ts';
import type { CacheRequest, FetchedResponse, Forwarding } from '../response-cache/cache-request.ts';
import { PARTIAL_FIELDS } from '../response-cache/partial-fields.ts';
import { type CacheMode, directivesOf } from './cache-mode.ts';
import { type CallSettings, withGreatestAge } from './call-settings.ts';
import type { FetchService } from './fetch-service.ts';

/** A request to a service, of whichever client. */
export interface AskedOfService extends Correlated {
  readonly service: FetchService;
  /** Path and query below the service's own path, as the caller has them. */
  readonly target: string;
  readonly signal: AbortSignal;
}

/** What else of it is for the cache to know. */
export interface CacheUse {
  readonly method: string;
  readonly mode: CacheMode;
  readonly settings: CallSettings;
  /** The request's own `Cache-Control`. */
  readonly directives: string | null;
  readonly keyed: KeyedContent | null;
}

/** A request's content where that is part of its cache key. */
export interface KeyedContent {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** They differ between requests that are otherwise the same. */
export const OF_ONE_EXCHANGE: ReadonlySet<string> = new Set([
  ...PARTIAL_FIELDS,
  'x-request-id',
  'traceparent',
  'tracestate',
]);

/** A request to a service as the cache sees it; its fields, and how the origin is asked, are its client's. */
export abstract class ServiceRequest implements CacheRequest, RequestFacts {
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
  readonly #asked: AskedOfService;
  readonly #use: CacheUse;
  readonly #ownDirectives: string | null;
  readonly #directives: string | null;
  #key: string | undefined;

  constructor(asked: AskedOfService, use: CacheUse) {
    const { service, target } = asked;
    const { settings, method } = use;
    this.#asked = asked;
    this.#use = use;
    this.method = method;
    this.service = service.name;
    this.policy = service.policy;
    this.maxBodyBytes = service.maxBodyBytes;
    this.stallMs = service.stallMs;
    this.collapseMs = service.collapseMs;
    this.retryAfterLimitMs = service.retryAfterLimitMs;
    this.compressFromBytes = service.compressFromBytes;
    this.tags = settings.tags === undefined ? service.tags : service.withTags(settings.tags);
    this.hasSeveralKeys = service.hasSeveralKeys;
    this.signal = asked.signal;
    const isCached = method === 'GET' || this.headOnly || this.contentKeyed;
    this.#target = isCached ? service.normalised(target) : target;
    this.#ownDirectives = withGreatestAge(use.directives, settings);
    this.#directives = directivesOf(use.mode, 'here', this.#ownDirectives);
  }

  abstract likeness(): string;
  abstract forward(how: Forwarding): Promise<FetchedResponse>;
  /** A field that the origin sees, but `Cache-Control`. */
  protected abstract sentField(lowerName: string): string | undefined;

  /** The `Cache-Control` that the origin sees; `null`: none. */
  protected get sentDirectives(): string | null {
    return directivesOf(this.#use.mode, 'onTheWay', this.#ownDirectives);
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
    return lowerName === 'cache-control' ? (this.#directives ?? undefined) : this.sentField(lowerName);
  }

  get key(): string {
    this.#key ??=
      this.#use.keyed?.key ?? this.#asked.service.keyOf(this.#target, this.field('authorization'));
    return this.#key;
  }

  get contentKeyed(): boolean {
    return this.#use.keyed !== null;
  }

  get targetUri(): string {
    return this.#asked.service.baseUri + this.#target;
  }

  get headOnly(): boolean {
    return this.method === 'HEAD';
  }

  get targetKey(): string | null {
    const { service } = this.#asked;
    const isApart = this.contentKeyed || service.isApart(this.field('authorization'));
    return isApart ? service.keyOf(this.#target) : null;
  }

  get isKeyExact(): boolean {
    return this.#asked.service.normalised(this.#target) === this.#target;
  }

  correlationId(): string {
    return this.#asked.correlationId();
  }

  present(fields: FieldList): FieldList {
    return endToEndFields(fields);
  }

  keyOf(uri: string): string | null {
    const { service } = this.#asked;
    const target = service.targetOf(uri);
    return target === null ? null : service.keyOf(target);
  }
}
