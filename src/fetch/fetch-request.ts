import { createHash } from 'node:crypto';
import { assessResponse } from '../engine/assessment.ts';
import { withGivenLifetime } from '../engine/lifetime.ts';
import { withoutFields } from '../http/fields.ts';
import type { RequestObserver } from '../observe/observer.ts';
import { timedOrigin } from '../observe/timed-origin.ts';
import type { FetchedResponse, Forwarding } from '../response-cache/cache-request.ts';
import { PARTIAL_FIELDS } from '../response-cache/partial-fields.ts';
import type { CacheMode } from './cache-mode.ts';
import type { CallSettings } from './call-settings.ts';
import type { OriginFetch } from './origin-fetch.ts';
import type { PlatformDispatcher } from './platform-dispatcher.ts';
import type { Content } from './request-content.ts';
import { selfEnding } from './self-ending.ts';
import {
  type AskedOfService,
  type KeyedContent,
  OF_ONE_EXCHANGE,
  ServiceRequest,
} from './service-request.ts';

// The runtime sets them, and decodes what it has asked for, so that no coding is a variant; or they are set below.
const NEVER = ['accept-encoding', 'cache-control', 'content-length', 'host'];
const NOT_SENT: ReadonlySet<string> = new Set(NEVER);
const NOT_SENT_FOR_WHOLE: ReadonlySet<string> = new Set([...NEVER, ...PARTIAL_FIELDS]);
const VALIDATORS: ReadonlySet<string> = new Set(['if-none-match', 'if-modified-since']);

/** A request of a caller to a service's origin. */
export interface Asked extends AskedOfService {
  readonly request: Request;
  readonly content: Content | null;
  readonly mode: CacheMode;
  readonly settings: CallSettings;
  readonly dispatcher: PlatformDispatcher;
  readonly originFetch: OriginFetch;
  readonly observer: RequestObserver;
}

/** A request of `fetch` as its origin would see it: what the cache judges by, and how the origin is asked. */
export class FetchRequest extends ServiceRequest {
  readonly #asked: Asked;
  readonly #keyed: KeyedContent | null;

  constructor(asked: Asked, keyed: KeyedContent | null = null) {
    const { request, mode, settings } = asked;
    const { method, headers } = request;
    super(asked, { method, mode, settings, directives: headers.get('cache-control'), keyed });
    this.#asked = asked;
    this.#keyed = keyed;
  }

  protected sentField(lowerName: string): string | undefined {
    return NOT_SENT.has(lowerName) ? undefined : (this.#asked.request.headers.get(lowerName) ?? undefined);
  }

  likeness(): string {
    const fields = this.#fields(OF_ONE_EXCHANGE);
    return createHash('sha256').update(fields.join('\n'), 'latin1').digest('base64url');
  }

  forward(how: Forwarding): Promise<FetchedResponse> {
    const { conditions, whole, signal, inBackground, waitedMs } = how;
    const { service, mode, dispatcher, originFetch, observer } = this.#asked;
    const fields = this.#fields(whole ? NOT_SENT_FOR_WHOLE : NOT_SENT);
    // A reload wants all of it anew, whatever is stored.
    fields.push(...(mode === 'reload' ? withoutFields(conditions, VALIDATORS) : conditions));
    const directives = this.sentDirectives;
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
    const received = asked.then((response) => this.#received(response));
    return timedOrigin(received, { service: service.name, observer, timing: this.timing, signal });
  }

  /** With the lifetime that the call gives it; and where it could be stored, it is seen whether it is whole. */
  async #received(response: FetchedResponse): Promise<FetchedResponse> {
    const { ttl } = this.#asked.settings;
    const given =
      ttl === undefined ? response : { ...response, fields: withGivenLifetime(response, ttl, this.policy) };
    if (given.isUncertain !== true || !assessResponse(this, given, this.policy).storable) return given;
    return selfEnding(given, this.maxBodyBytes);
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
