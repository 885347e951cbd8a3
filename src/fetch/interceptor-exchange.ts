import type { Clock } from '../clock.ts';
import { contentLength } from '../http/content-length.ts';
import { type FieldList, fieldValue, hasField } from '../http/fields.ts';
import { formatHttpDate } from '../http/http-date.ts';
import type { FetchedResponse } from '../response-cache/cache-request.ts';
import { originError } from '../response-cache/origin-error.ts';
import { DispatchedBody } from './interceptor-body.ts';
import type {
  DispatchController,
  DispatchHandler,
  ParsedFields,
  ProgressHandler,
} from './interceptor-dispatch.ts';
import { receivedFields } from './interceptor-fields.ts';
import { LegacyController } from './interceptor-legacy.ts';

export interface ExchangeOptions {
  readonly clock: Clock;
  readonly method: string;
  readonly signal: AbortSignal;
  /** Told how far it comes. */
  readonly progress: ProgressHandler | null;
  /** Told what dispatchers beneath say of it. */
  readonly onContext: (context: unknown) => void;
  readonly onInterim: (status: number, fields: FieldList, statusText: string) => void;
}

/** One exchange with an origin, as a dispatcher of undici 6, 7 or 8 tells of it: made a response, or an error with a code. */
export class DispatchedExchange implements DispatchHandler {
  /** Rejects with `ERR_ORIGIN_*`, whose cause is what undici has failed with. */
  readonly response: Promise<FetchedResponse>;
  /** What the origin's status line said beside its status; empty until it is there. */
  statusText = '';
  readonly #options: ExchangeOptions;
  readonly #requestAt: number;
  readonly #whenAborted: () => void;
  #resolve!: (response: FetchedResponse) => void;
  #reject!: (error: Error) => void;
  #controller: DispatchController | null = null;
  #legacy: LegacyController | null = null;
  #body: DispatchedBody | null = null;
  #failure: Error | null = null;
  #trailers: FieldList = [];
  /** The URLs that a request has been led through by redirects, as interceptors beneath that follow them tell. */
  #history: readonly unknown[] = [];
  #isAnothers = false;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#requestAt = options.clock.now();
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    const { signal } = options;
    this.#whenAborted = () => this.#abort(signal.reason as Error);
    if (signal.aborted) this.#whenAborted();
    else signal.addEventListener('abort', this.#whenAborted);
  }

  onRequestStart(controller: DispatchController, context?: unknown): void {
    this.#controller = controller;
    this.#history = historyOf(context);
    this.#isAnothers = this.#history.length > 0;
    if (this.#failure !== null) controller.abort(this.#failure);
    else this.#options.onContext(context);
  }

  /** @param parsed what dispatchers beneath have made of the fields; left out: nothing */
  onResponseStart(
    controller: DispatchController,
    status: number,
    parsed: ParsedFields | undefined,
    text = '',
  ): void {
    const { clock, onInterim } = this.#options;
    const responseAt = clock.now();
    const fields = receivedFields(controller.rawHeaders, parsed);
    if (status < 200) {
      onInterim(status, fields, text);
      return;
    }
    this.statusText = text;
    this.#respond(controller, status, fields, responseAt);
  }

  onResponseData(_controller: DispatchController, chunk: Buffer): void {
    this.#body!.receive(chunk);
  }

  onResponseEnd(controller: DispatchController, trailers: ParsedFields | undefined): void {
    this.#options.signal.removeEventListener('abort', this.#whenAborted);
    this.#trailers = receivedFields(controller.rawTrailers, trailers);
    if (!this.#body!.ended) this.#body!.end();
  }

  onResponseError(_controller: DispatchController | null, error: Error): void {
    if (this.#body === null) this.#fail(error);
    else if (!this.#body.ended) this.#body.destroy(error);
    this.#options.signal.removeEventListener('abort', this.#whenAborted);
  }

  onConnect(abort: (reason?: Error) => void, context?: unknown): void {
    this.#legacy = new LegacyController(abort);
    this.onRequestStart(this.#legacy, context);
  }

  onHeaders(status: number, raw: Buffer[], resume: () => void, text: string): boolean {
    this.#legacy!.received(raw, resume);
    this.onResponseStart(this.#legacy!, status, undefined, text);
    return !this.#legacy!.paused;
  }

  onData(chunk: Buffer): boolean {
    this.onResponseData(this.#legacy!, chunk);
    return !this.#legacy!.paused;
  }

  onComplete(rawTrailers: Buffer[] | null): void {
    this.#legacy!.rawTrailers = rawTrailers;
    this.onResponseEnd(this.#legacy!, undefined);
  }

  onError(error: Error): void {
    this.onResponseError(this.#legacy, error);
  }

  onBodySent(...told: unknown[]): void {
    this.#options.progress?.onBodySent?.(...told);
  }

  onRequestSent(): void {
    this.#options.progress?.onRequestSent?.();
  }

  #respond(controller: DispatchController, status: number, received: FieldList, responseAt: number): void {
    const isEmpty = !hasContent(this.#options.method, status);
    const isCoded = hasField(received, 'transfer-encoding');
    const body = new DispatchedBody(controller, isEmpty || isCoded ? undefined : contentLength(received));
    this.#body = body;
    if (isEmpty) body.end();
    // RFC 9110 §6.6.1: who has a clock adds when it was received.
    const fields = hasField(received, 'date') ? received : [...received, 'Date', formatHttpDate(responseAt)];
    // By now the URL that has answered is part of it.
    const isAnothers = this.#isAnothers || this.#history.length > 1;
    const isUncertain = isAnothers || (!isEmpty && !isDelimited(received));
    this.#resolve({
      ...{ status, fields, body, responseAt, isUncertain, isAnothers },
      trailers: () => this.#trailers,
      requestAt: this.#requestAt,
    });
  }

  #abort(error: Error): void {
    if (this.#body !== null) {
      this.#body.destroy(error);
    } else {
      this.#fail(error);
      this.#controller?.abort(error);
    }
  }

  #fail(error: Error): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.#options.signal.removeEventListener('abort', this.#whenAborted);
    this.#reject(originError(error));
  }
}

/**
 * Whether a content is known to be whole at its end, and to be what its fields say. undici takes a connection that broke for
 * the end of a content that only the close delimits (RFC 9112 §8), and a stream of HTTP/2 that was reset for one that ended;
 * and it undoes no transfer coding but chunked.
 */
function isDelimited(fields: FieldList): boolean {
  const coding = fieldValue(fields, 'transfer-encoding');
  return coding === undefined ? hasField(fields, 'content-length') : coding.toLowerCase() === 'chunked';
}

function historyOf(context: unknown): readonly unknown[] {
  const { history } = Object(context) as { readonly history?: unknown };
  return Array.isArray(history) ? history : [];
}

// RFC 9110 §6.4.1.
function hasContent(method: string, status: number): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304;
}
