import type { RequestFacts } from '../../src/engine/facts.ts';
import type { FieldList } from '../../src/http/fields.ts';
import { createRequestTiming } from '../../src/observe/request-timing.ts';
import type { CacheRequest, FetchedResponse, Forwarding } from '../../src/response-cache/cache-request.ts';
import type { ClientRecord } from './exchange.ts';
import { likenessOf } from './message.ts';
import type { Subject } from './subject.ts';

export type Forward = (client: ClientRecord, how: Forwarding) => Promise<FetchedResponse>;

export const BASE_URI = 'http://origin.test';
const NEVER = new AbortController().signal;

/** A request as the gateway would hand it to the cache; its client waits for ever. */
export class ClientRequest implements CacheRequest, RequestFacts {
  readonly service = 'service';
  readonly maxBodyBytes = 1024 * 1024;
  readonly stallMs = 60_000;
  readonly signal = NEVER;
  readonly hasOwnBudget = true;
  readonly isKeyExact = true;
  readonly collapseMs = 10_000;
  readonly tags = [];
  readonly compressFromBytes = null;
  readonly targetKey = null;
  readonly hasSeveralKeys = false;
  readonly timing = createRequestTiming();
  readonly #client: ClientRecord;
  readonly #path: string;
  readonly #subject: Subject;
  readonly #forward: Forward;

  constructor(client: ClientRecord, path: string, subject: Subject, forward: Forward) {
    this.#client = client;
    this.#path = path;
    this.#subject = subject;
    this.#forward = forward;
  }

  get facts(): RequestFacts {
    return this;
  }

  get method(): string {
    return this.#client.method;
  }

  field(lowerName: string): string | undefined {
    return this.#client.request.get(lowerName);
  }

  get key(): string {
    return this.#subject.keyOf(this.#path);
  }

  get targetUri(): string {
    return BASE_URI + this.#path;
  }

  get headOnly(): boolean {
    return this.#client.method === 'HEAD';
  }

  get policy() {
    return this.#subject.policy;
  }

  get retryAfterLimitMs(): number {
    return this.#subject.retryAfterLimitMs;
  }

  likeness(): string {
    return likenessOf(this.#client.request);
  }

  correlationId(): string {
    return String(this.#client.id);
  }

  forward(how: Forwarding): Promise<FetchedResponse> {
    return this.#forward(this.#client, how);
  }

  present(fields: FieldList): FieldList {
    return this.#subject.present(fields);
  }

  keyOf(uri: string): string | null {
    return uri.startsWith(`${BASE_URI}/`) ? this.#subject.keyOf(uri.slice(BASE_URI.length)) : null;
  }
}
