import type { Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';
import { type FieldList, hasField } from '../http/fields.ts';
import { formatHttpDate } from '../http/http-date.ts';
import type { FetchedResponse } from '../response-cache/cache-request.ts';
import { isBrokenConnection, originError, unreadableOrigin } from '../response-cache/origin-error.ts';
import { OriginBody } from './origin-body.ts';
import type { Carried, HeldSocket } from './origin-connection.ts';
import { interimFields, receivedFields, trimmed } from './received-fields.ts';
import { trailerFields } from './trailer-fields.ts';
import { transferCodingOf, UNCODED, withoutCoding } from './transfer-coding.ts';

export interface OriginExchangeOptions {
  readonly clock: Clock;
  readonly mode: 'safe' | 'rfc';
  readonly method: string;
  /** Milliseconds since the epoch. */
  readonly requestAt: number;
  readonly signal: AbortSignal;
  readonly onInterim: ((status: number, fields: FieldList) => void) | undefined;
  /** A connection has taken the request. */
  readonly onStart: (() => void) | undefined;
}

// More than a client can use, and more than a server that is at work has to say.
const INTERIM_PASSED_ON = 16;
const INTERIM_BORNE = 128;

/** One attempt at a request, as undici tells of it: made a response, or an error with a code. */
export class OriginExchange implements Dispatcher.DispatchHandler, Carried {
  /** Rejects with `ERR_ORIGIN_*`. */
  readonly response: Promise<FetchedResponse>;
  /** The connection had answered before and broke without a byte of this answer: its end had crossed the request. */
  unanswered = false;
  readonly #options: OriginExchangeOptions;
  readonly #whenAborted: () => void;
  #resolve!: (response: FetchedResponse) => void;
  #reject!: (error: Error) => void;
  #controller: Dispatcher.DispatchController | null = null;
  #connection: HeldSocket | null = null;
  #readBefore = 0;
  #interim = 0;
  #failure: Error | null = null;
  #body: OriginBody | null = null;
  #trailers: FieldList = [];

  constructor(options: OriginExchangeOptions) {
    this.#options = options;
    this.response = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#whenAborted = () => this.abort(options.signal.reason as Error);
    options.signal.addEventListener('abort', this.#whenAborted);
  }

  /** Gives it up, at once even where it waits for a connection. */
  abort(error: Error): void {
    if (this.#body !== null) {
      this.#body.destroy(error);
    } else {
      this.#fail(error);
      this.#controller?.abort(error);
    }
  }

  takenBy(connection: HeldSocket): void {
    this.#connection = connection;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.#readBefore = this.#connection?.socket?.bytesRead ?? 0;
    if (this.#failure !== null) controller.abort(this.#failure);
    else this.#options.onStart?.();
  }

  // undici makes an error thrown here the request's, and lets go of the connection.
  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    const responseAt = this.#options.clock.now();
    const fields = receivedFields(controller.rawHeaders);
    if (status < 200) this.#inform(status, fields);
    else this.#respond(controller, status, fields, responseAt);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#body!.receive(chunk);
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    this.#options.signal.removeEventListener('abort', this.#whenAborted);
    const body = this.#body!;
    if (body.ended) return;
    // undici takes a reset for the end of a body that the close delimits; it may be anywhere in it (RFC 9112 §8).
    const reset = this.#connection?.socket?.errored;
    if (reset) {
      body.destroy(originError(reset));
      return;
    }
    this.#trailers = trimmed(receivedFields(controller.rawTrailers));
    body.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#body === null) this.#fail(error);
    else if (!this.#body.ended) this.#body.destroy(originError(error));
    this.#options.signal.removeEventListener('abort', this.#whenAborted);
  }

  #inform(status: number, fields: string[]): void {
    const { onInterim } = this.#options;
    this.#interim += 1;
    if (this.#interim > INTERIM_BORNE) throw unreadableOrigin('interim responses without end');
    // 100 answers an expectation and 101 an upgrade, and neither was sent.
    if (onInterim === undefined || status < 102 || this.#interim > INTERIM_PASSED_ON) return;
    try {
      onInterim(status, interimFields(trimmed(fields)));
    } catch {
      // The final response matters more than what could not be done with this one.
    }
  }

  #respond(
    controller: Dispatcher.DispatchController,
    status: number,
    unread: string[],
    responseAt: number,
  ): void {
    const { method, mode, requestAt } = this.#options;
    const empty = !hasContent(method, status);
    // Before white space goes, since the parser saw it: what it took for chunks is to be taken for chunks here.
    const coding = empty ? UNCODED : transferCodingOf(unread, mode);
    const received = trimmed(unread);
    // RFC 9110 §6.6.1: who has a clock adds when it was received.
    const fields = hasField(received, 'date') ? received : [...received, 'Date', formatHttpDate(responseAt)];
    const body = new OriginBody(controller);
    this.#body = body;
    if (empty) body.end();
    this.#resolve({
      status,
      fields,
      body: withoutCoding(body, coding),
      trailers: coding.chunked ? () => trailerFields(this.#trailers, received) : undefined,
      requestAt,
      responseAt,
    });
  }

  #fail(error: Error): void {
    if (this.#failure !== null) return;
    this.#failure = error;
    this.unanswered =
      isBrokenConnection(error) &&
      this.#readBefore > 0 &&
      this.#connection?.socket?.bytesRead === this.#readBefore;
    this.#options.signal.removeEventListener('abort', this.#whenAborted);
    this.#reject(originError(error));
  }
}

// RFC 9110 §6.4.1. What a 304 says of its length is that of another response (§8.6), which undici takes for a fault.
function hasContent(method: string, status: number): boolean {
  return method !== 'HEAD' && status !== 204 && status !== 304;
}
