import type { ClientRequest, RequestOptions } from 'node:http';
import type { Socket } from 'node:net';
import { PassThrough, Writable } from 'node:stream';
import type { Clock } from '../clock.ts';
import { type FieldList, fieldValue } from '../http/fields.ts';
import type { FetchService } from './fetch-service.ts';
import { exchangeNatively, type NativeExchange, type NativeRequest } from './got-exchange.ts';
import { ClientResponse } from './got-response.ts';
import { correlationOf, statusTextOf, toldFields } from './interceptor-answer.ts';
import type { InterceptedCache } from './interceptor-cache.ts';
import type { SentRequest } from './interceptor-request.ts';

export interface CachedRequestOptions {
  readonly service: FetchService;
  /** Path and query below the service's own path. */
  readonly target: string;
  readonly fields: FieldList;
  readonly options: RequestOptions;
  readonly answerOf: InterceptedCache;
  readonly request: NativeRequest;
  readonly clock: Clock;
}

const PROXIED = ['information', 'continue', 'timeout'];

/**
 * A request that the cache answers, in the place of a `ClientRequest` of `node:http`: what got writes to, waits for and gives
 * up. Its timeouts, retries and cancellations act on this one; a real one stands behind it only where an origin is asked.
 */
export class CachedClientRequest extends Writable {
  readonly method: string;
  readonly path: string;
  aborted = false;
  socket: Socket | null = null;
  readonly #given: CachedRequestOptions;
  readonly #controller = new AbortController();
  readonly #upload = new PassThrough();
  #exchange: NativeExchange | null = null;
  #response: ClientResponse | null = null;
  #idleMs = 0;

  constructor(given: CachedRequestOptions) {
    super({ autoDestroy: false });
    const { method = 'GET' } = given.options;
    this.#given = given;
    this.method = method.toUpperCase();
    this.path = given.target;
    this.#upload.on('error', () => {});
    void this.#respond();
  }

  get reusedSocket(): boolean {
    return this.#exchange?.native.reusedSocket ?? false;
  }

  /** Of a connection, where there is one. */
  setTimeout(idleMs: number, onTimeout?: () => void): this {
    if (onTimeout !== undefined) this.once('timeout', onTimeout);
    this.#idleMs = idleMs;
    this.#exchange?.native.setTimeout(idleMs);
    return this;
  }

  setNoDelay(): void {}

  setSocketKeepAlive(): void {}

  flushHeaders(): void {}

  getHeader(name: string): string | undefined {
    return fieldValue(this.#given.fields, name.toLowerCase());
  }

  abort(): void {
    if (!this.destroyed) this.emit('abort');
    this.destroy();
  }

  override _write(chunk: unknown, encoding: BufferEncoding, callback: () => void): void {
    if (this.#upload.destroyed || this.#upload.write(chunk, encoding)) callback();
    else this.#upload.once('drain', callback);
  }

  override _final(callback: () => void): void {
    this.#upload.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.aborted = this.#response?.complete !== true;
    this.#controller.abort(error ?? new Error('the request was given up'));
    this.#upload.destroy();
    callback(error);
    const response = this.#response;
    // After the reason, as `node:http` has it, so that who asked hears of that first.
    if (response?.complete === false) setImmediate(() => response.destroy());
  }

  async #respond(): Promise<void> {
    const { service, target, fields, answerOf } = this.#given;
    const asked = { service, target, fields, method: this.method, body: this.#upload };
    const { signal } = this.#controller;
    try {
      const send = (sent: SentRequest) => this.#send(sent);
      const answer = await answerOf({ ...asked, send, signal, correlationId: correlationOf(fields) });
      const statusText = statusTextOf(answer, this.#exchange?.statusText);
      const delivery = { ...answer, fields: toldFields(answer), statusText };
      this.#emitResponse(new ClientResponse(delivery, answer.outcome.hit));
    } catch (error) {
      this.destroy(error as Error);
    }
    // What an answer has made needless is read away.
    if (this.#exchange === null) this.#upload.resume();
  }

  #emitResponse(response: ClientResponse): void {
    if (this.destroyed) {
      response.destroy();
      return;
    }
    this.#response = response;
    response.once('close', () => this.destroy());
    if (!this.emit('response', response)) response.resume();
  }

  #send(sent: SentRequest): NativeExchange['response'] {
    const { request, options, clock, service } = this.#given;
    const exchange = exchangeNatively(sent, { request, options, clock });
    if (sent.inBackground) {
      // Nobody has a timeout for it.
      const idleMs = service.connectMs + service.headersMs;
      exchange.native.setTimeout(idleMs, () => exchange.native.destroy(new Error('idle')));
    } else this.#follow(exchange);
    return exchange.response;
  }

  #follow(exchange: NativeExchange): void {
    const { native } = exchange;
    this.#exchange = exchange;
    for (const event of PROXIED) native.on(event, (...told) => this.emit(event, ...told));
    native.once('socket', (socket) => {
      this.socket = socket;
      this.emit('socket', socket);
    });
    if (this.#idleMs > 0) native.setTimeout(this.#idleMs);
  }
}

/** For clients that take any request for one of `node:http`. */
export function asClientRequest(request: CachedClientRequest): ClientRequest {
  return request as unknown as ClientRequest;
}
