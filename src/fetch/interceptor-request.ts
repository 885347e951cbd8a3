import { createHash } from 'node:crypto';
import { withGivenLifetime } from '../engine/lifetime.ts';
import { type FieldList, fieldValue, withoutFields } from '../http/fields.ts';
import type { RequestObserver } from '../observe/observer.ts';
import { timedOrigin } from '../observe/timed-origin.ts';
import type { FetchedResponse, Forwarding } from '../response-cache/cache-request.ts';
import { originError } from '../response-cache/origin-error.ts';
import { PARTIAL_FIELDS } from '../response-cache/partial-fields.ts';
import { type CallSettings, modeOf } from './call-settings.ts';
import { selfEnding } from './self-ending.ts';
import {
  type AskedOfService,
  type KeyedContent,
  OF_ONE_EXCHANGE,
  ServiceRequest,
} from './service-request.ts';

/** A request on its way through an application's own HTTP client. */
export interface Intercepted extends AskedOfService {
  readonly method: string;
  /** As the client sends them. */
  readonly fields: FieldList;
  /** To be sent once; `null`: none. */
  readonly body: unknown;
  readonly settings?: CallSettings | undefined;
  /** Asks the origin, by what the client has asked it with so far. @throws CachegateError `ERR_ORIGIN_*` */
  readonly send: (sent: SentRequest) => Promise<FetchedResponse>;
}

/** What an origin is asked. */
export interface SentRequest {
  readonly uri: string;
  readonly fields: FieldList;
  readonly body: unknown;
  readonly signal: AbortSignal;
  /** Nobody waits for the answer. */
  readonly inBackground: boolean;
}

const CACHE_CONTROL = 'cache-control';
const DIRECTIVES: ReadonlySet<string> = new Set([CACHE_CONTROL]);

/** An intercepted request as the cache sees it. Nothing of it is decoded, so that its codings are variants like any other. */
export class InterceptedRequest extends ServiceRequest {
  readonly #asked: Intercepted;
  readonly #keyed: KeyedContent | null;
  readonly #observer: RequestObserver;

  constructor(asked: Intercepted, observer: RequestObserver, keyed: KeyedContent | null = null) {
    const { method, fields, settings = {} } = asked;
    const directives = fieldValue(fields, CACHE_CONTROL) ?? null;
    super(asked, { method, mode: modeOf('default', settings), settings, directives, keyed });
    this.#asked = asked;
    this.#observer = observer;
    this.#keyed = keyed;
  }

  protected sentField(lowerName: string): string | undefined {
    return fieldValue(this.#asked.fields, lowerName);
  }

  likeness(): string {
    const fields = withoutFields(this.#asked.fields, OF_ONE_EXCHANGE);
    return createHash('sha256').update(fields.join('\n'), 'latin1').digest('base64url');
  }

  forward(how: Forwarding): Promise<FetchedResponse> {
    const { service, timing } = this;
    return timedOrigin(this.#send(how), { service, timing, observer: this.#observer, signal: how.signal });
  }

  async #send({ conditions, whole, signal, inBackground = false, waitedMs }: Forwarding) {
    const { body, send } = this.#asked;
    const { budget } = this.#asked.service;
    const heldMs = budget === null ? 0 : await budget.admit({ signal, inBackground, waitedMs }).catch(failed);
    const fields = this.#fields(whole);
    const response = await send({
      uri: this.targetUri,
      fields: conditions.length === 0 ? fields : [...fields, ...conditions],
      body: this.#keyed === null ? body : this.#keyed.bytes,
      signal,
      inBackground,
    });
    const isDoubtful = whole && response.isUncertain === true && response.isAnothers !== true;
    const judged = isDoubtful ? await selfEnding(response, this.maxBodyBytes).catch(failed) : response;
    return { ...this.#lasting(judged), ...(heldMs > 0 && { heldMs }) };
  }

  /** Untouched where nothing is asked for beside. */
  #fields(whole: boolean): FieldList {
    const fields = whole ? withoutFields(this.#asked.fields, PARTIAL_FIELDS) : this.#asked.fields;
    const directives = this.sentDirectives;
    if (directives === (fieldValue(fields, CACHE_CONTROL) ?? null)) return fields;
    return [...withoutFields(fields, DIRECTIVES), 'Cache-Control', directives!];
  }

  /** With the lifetime that the call gives it. */
  #lasting(response: FetchedResponse): FetchedResponse {
    const ttl = this.#asked.settings?.ttl;
    if (ttl === undefined) return response;
    return { ...response, fields: withGivenLifetime(response, ttl, this.policy) };
  }
}

/** @throws what an origin that was not asked, or has broken off, is to the cache */
function failed(error: unknown): never {
  throw originError(error);
}
