import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { RequestFacts } from '../engine/assessment.ts';
import type { CachePolicy } from '../engine/policy.ts';
import { type FieldList, withoutFields } from '../http/fields.ts';
import type { RequestTiming } from '../observe/observer.ts';
import { timedOrigin } from '../observe/timed-origin.ts';
import type { CacheRequest, FetchedResponse, Forwarding } from '../response-cache/cache-request.ts';
import { PARTIAL_FIELDS } from '../response-cache/partial-fields.ts';
import type { Exchange } from './exchange.ts';
import { NOTHING_SKIPPED } from './forwarding.ts';
import type { Destination } from './location.ts';
import type { Upstream } from './upstream.ts';

// A transform reads the content, and nothing here decodes it.
const PARTIAL_AND_CODING: ReadonlySet<string> = new Set([...PARTIAL_FIELDS, 'accept-encoding']);

// They differ between requests that are otherwise the same.
const OF_ONE_EXCHANGE: ReadonlySet<string> = new Set([
  ...PARTIAL_FIELDS,
  'x-request-id',
  'traceparent',
  'tracestate',
]);
const OF_RANGES: ReadonlySet<string> = new Set(['range', 'if-range']);

const NO_FIELDS: FieldList = [];

/** A request's content where that is part of its cache key. */
export interface KeyedContent {
  readonly key: string;
  readonly bytes: Buffer;
}

/** A request as its service's origin would see it: what the cache judges by, and how the origin is asked. */
export class ServiceRequest implements CacheRequest, RequestFacts {
  readonly method: string;
  readonly #exchange: Exchange;
  readonly #destination: Destination;
  readonly #upstream: Upstream;
  readonly #keyed: KeyedContent | null;
  /** What is sent in the place of a body that was read already. */
  readonly #body: Readable | null;

  constructor(
    exchange: Exchange,
    destination: Destination,
    upstream: Upstream,
    keyed: KeyedContent | null = null,
    body: Readable | null = null,
  ) {
    this.#exchange = exchange;
    this.#destination = destination;
    this.#upstream = upstream;
    this.#keyed = keyed;
    this.#body = body;
    const { method } = exchange.request;
    this.method = upstream.transformed && method === 'HEAD' ? 'GET' : method;
  }

  get facts(): RequestFacts {
    return this;
  }

  field(lowerName: string): string | undefined {
    const { identityPassing, forwarding } = this.#upstream;
    if (identityPassing?.names.has(lowerName)) {
      return identityPassing.standing(this.#exchange.identity, lowerName);
    }
    return forwarding.field(this.#exchange.request, lowerName);
  }

  get service(): string {
    return this.#upstream.service;
  }

  get key(): string {
    return this.#keyed === null ? this.#exchange.responseKey : this.#keyed.key;
  }

  get contentKeyed(): boolean {
    return this.#keyed !== null;
  }

  get targetUri(): string {
    return this.#upstream.baseUri + this.#destination.target;
  }

  get headOnly(): boolean {
    return this.#exchange.request.method === 'HEAD';
  }

  get policy(): CachePolicy {
    return this.#upstream.policy;
  }

  get maxBodyBytes(): number {
    return this.#upstream.maxBodyBytes;
  }

  get stallMs(): number {
    return this.#upstream.stallMs;
  }

  get collapseMs(): number {
    return this.#upstream.collapseMs;
  }

  get tags(): readonly string[] {
    return this.#upstream.tags;
  }

  get compressFromBytes(): number | null {
    return this.#upstream.compressFromBytes;
  }

  get targetKey(): string | null {
    const { part } = this.#exchange;
    return this.#keyed === null && part === undefined ? null : this.#destination.key;
  }

  get hasSeveralKeys(): boolean {
    return this.#upstream.hasSeveralKeys;
  }

  get retryAfterLimitMs(): number {
    return this.#upstream.retryAfterLimitMs;
  }

  get hasOwnBudget(): boolean {
    const isTheirs = this.field('authorization') !== undefined || this.field('cookie') !== undefined;
    return this.#upstream.hasOwnBudget && !isTheirs;
  }

  get isKeyExact(): boolean {
    return this.#upstream.isKeyExact(this.#destination.target);
  }

  likeness(): string {
    const { forwarding, identityPassing } = this.#upstream;
    const fields = forwarding.fields(this.#exchange.request, '', OF_ONE_EXCHANGE);
    if (identityPassing !== null) fields.push(identityPassing.likeness(this.#exchange.identity));
    return createHash('sha256').update(fields.join('\n'), 'latin1').digest('base64url');
  }

  /** Content with a GET or HEAD has no meaning that a cache could know, and no place in its key (RFC 9110 §9.3.1). */
  get hasUnkeyedContent(): boolean {
    return (this.method === 'GET' || this.method === 'HEAD') && this.#exchange.request.body !== null;
  }

  get timing(): RequestTiming {
    return this.#exchange;
  }

  get signal(): AbortSignal {
    return this.#exchange.request.signal;
  }

  correlationId(): string {
    return this.#exchange.correlationId();
  }

  forward(how: Forwarding): Promise<FetchedResponse> {
    const { identityPassing } = this.#upstream;
    if (identityPassing === null) return this.#forward(how, NO_FIELDS);
    const passed = identityPassing.fieldsFor(this.#exchange.identity);
    return passed instanceof Promise
      ? passed.then((fields) => this.#forward(how, fields))
      : this.#forward(how, passed);
  }

  #forward(
    { conditions, whole, signal, inBackground, waitedMs }: Forwarding,
    passed: FieldList,
  ): Promise<FetchedResponse> {
    const { request } = this.#exchange;
    const { forwarding, transformed } = this.#upstream;
    const skip = transformed ? PARTIAL_AND_CODING : whole ? PARTIAL_FIELDS : NOTHING_SKIPPED;
    const fields = forwarding.fields(request, this.correlationId(), skip);
    fields.push(...passed);
    // A transform makes its response of the whole; a range is cut from that.
    fields.push(...(transformed ? withoutFields(conditions, OF_RANGES) : conditions));
    const body = transformed ? null : (this.#keyed?.bytes ?? this.#body ?? request.body);
    const length = Buffer.isBuffer(body) ? String(body.length) : request.field('content-length');
    if (body !== null && length !== undefined) fields.push('Content-Length', length);
    const asked = this.#upstream.fetch({
      method: this.method,
      target: this.#destination.target,
      fields,
      body,
      signal,
      inBackground,
      waitedMs,
      onInterim: (status, interim) => {
        // It is for who caused the request, and only for as long as that one waits.
        if (!request.signal.aborted) request.inform(status, interim);
      },
    });
    const { observer, service } = this.#upstream;
    return timedOrigin(asked, { service, observer, timing: this.#exchange, signal });
  }

  present(fields: FieldList): FieldList {
    return this.#upstream.present(fields);
  }

  // Byte for byte: a URL parser would spell some characters in another way than the key has them.
  keyOf(uri: string): string | null {
    const { baseUri } = this.#upstream;
    return uri.startsWith(`${baseUri}/`) ? this.#upstream.keyOf(uri.slice(baseUri.length)) : null;
  }
}
