import type { Clock } from '../clock.ts';
import type { FieldList } from '../http/fields.ts';
import { callSettingsOf } from './call-settings.ts';
import type { FetchService } from './fetch-service.ts';
import { correlationOf, statusTextOf, toldFields } from './interceptor-answer.ts';
import type { InterceptedCache } from './interceptor-cache.ts';
import { letGoOfBody } from './interceptor-content.ts';
import type { Dispatch, DispatchHandler, DispatchOptions } from './interceptor-dispatch.ts';
import { DispatchedExchange } from './interceptor-exchange.ts';
import { Recipient } from './interceptor-recipient.ts';
import type { SentRequest } from './interceptor-request.ts';

/** A request that is some service's. */
export interface Located {
  readonly service: FetchService;
  /** Path and query below the service's own path. */
  readonly target: string;
  readonly fields: FieldList;
}

export interface CallOptions extends Located {
  /** Of the dispatcher beneath. */
  readonly dispatch: Dispatch;
  readonly request: DispatchOptions;
  readonly handler: DispatchHandler;
  readonly answerOf: InterceptedCache;
  readonly clock: Clock;
}

/** One request on its way from a handler through the cache, and perhaps through the dispatcher beneath. */
export class InterceptedCall {
  readonly #options: CallOptions;
  readonly #controller = new AbortController();
  readonly #recipient: Recipient;
  /** What dispatchers beneath tell the handler. */
  readonly #context = {};
  /** The last that the origin was asked for this request. */
  #exchange: DispatchedExchange | null = null;

  constructor(options: CallOptions) {
    this.#options = options;
    this.#recipient = new Recipient(options.handler, (reason) => this.#controller.abort(reason));
  }

  /** Never rejects. */
  async run(): Promise<void> {
    const { service, target, fields, answerOf, request } = this.#options;
    const { method, body } = request;
    this.#recipient.start(this.#context);
    try {
      const { signal } = this.#controller;
      const settings = callSettingsOf(request.cachegate, 'cachegate');
      const asked = { service, target, fields, method, body, settings, signal };
      const send = (sent: SentRequest) => this.#send(sent);
      const answer = await answerOf({ ...asked, send, correlationId: correlationOf(fields) });
      const statusText = statusTextOf(answer, this.#exchange?.statusText);
      this.#recipient.deliver({ ...answer, fields: toldFields(answer), statusText });
    } catch (error) {
      this.#recipient.fail(error as Error);
    }
    if (this.#exchange === null) letGoOfBody(body);
  }

  #send({ uri, fields, body, signal, inBackground }: SentRequest): DispatchedExchange['response'] {
    const { dispatch, request, handler, clock } = this.#options;
    const exchange = new DispatchedExchange({
      ...{ clock, method: request.method, signal },
      progress: inBackground ? null : handler,
      onContext: (told) => void Object.assign(this.#context, told),
      onInterim: (...told) => inBackground || this.#recipient.inform(...told),
    });
    if (!inBackground) this.#exchange = exchange;
    if (signal.aborted) return exchange.response;
    const path = uri.slice(uri.indexOf('/', uri.indexOf('//') + 2));
    try {
      dispatch({ ...request, path, query: undefined, headers: fields, body }, exchange);
    } catch (error) {
      exchange.onError(error as Error);
    }
    return exchange.response;
  }
}
