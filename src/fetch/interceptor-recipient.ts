import type { Readable } from 'node:stream';
import type { FieldList } from '../http/fields.ts';
import type { DispatchController, DispatchHandler } from './interceptor-dispatch.ts';
import { parsedFields, rawFields } from './interceptor-fields.ts';

/** What a handler is given. */
export interface Delivery {
  readonly status: number;
  readonly statusText: string;
  readonly fields: FieldList;
  readonly body: Buffer | Readable | null;
  readonly trailers?: (() => FieldList) | undefined;
}

/**
 * The handler of a request, of either kind, and the controller that it holds: gives it an answer at the pace that it takes
 * one, and ends with exactly one of `onResponseEnd` and `onResponseError`.
 */
export class Recipient implements DispatchController {
  aborted = false;
  paused = false;
  reason: Error | null = null;
  rawHeaders: Buffer[] | null = null;
  rawTrailers: Buffer[] | null = null;
  readonly #handler: DispatchHandler;
  readonly #isLegacy: boolean;
  readonly #onAbort: (reason: Error) => void;
  #isDone = false;
  #body: Readable | null = null;
  /** What comes when the handler takes more. */
  #next: (() => void) | null = null;

  /** @param onAbort called once, where the handler gives the request up before its end */
  constructor(handler: DispatchHandler, onAbort: (reason: Error) => void) {
    this.#handler = handler;
    this.#onAbort = onAbort;
    // Of those that are both (undici 7 wraps what is of the old kind), the old one gets the fields as they came.
    this.#isLegacy = typeof handler.onConnect === 'function' && typeof handler.onHeaders === 'function';
  }

  start(context: object): void {
    this.#call(() => {
      if (this.#isLegacy) this.#handler.onConnect!((reason) => this.abort(reason), context);
      else this.#handler.onRequestStart?.(this, context);
    });
  }

  /** An interim response (RFC 9110 §15.2). */
  inform(status: number, fields: FieldList, statusText: string): void {
    if (!this.#isDone && this.rawHeaders === null) this.#head(status, fields, statusText);
  }

  deliver({ status, statusText, fields, body, trailers }: Delivery): void {
    this.#call(() => this.#handler.onResponseStarted?.());
    this.#head(status, fields, statusText);
    if (this.#isDone) {
      letGo(body);
      return;
    }
    const end = () => this.#end(trailers?.() ?? []);
    if (body === null || Buffer.isBuffer(body)) {
      this.#whenTaken(() => {
        // A copy, for others may read the same bytes.
        if (body !== null && body.length > 0) this.#data(Buffer.from(body));
        this.#whenTaken(end);
      });
      return;
    }
    this.#body = body;
    // What broke off before it came here says so no more.
    if (body.destroyed) {
      this.fail(body.errored ?? requestAborted());
      return;
    }
    body.once('error', (error) => this.fail(error));
    this.#whenTaken(() => this.#pump(body, end));
  }

  fail(error: Error): void {
    if (this.#isDone) return;
    this.#isDone = true;
    try {
      if (this.#isLegacy) this.#handler.onError?.(error);
      else this.#handler.onResponseError?.(this, error);
    } catch {
      // Nobody is left to be told.
    }
  }

  abort(reason?: Error): void {
    if (this.#isDone) return;
    this.aborted = true;
    this.reason = reason ?? requestAborted();
    const { reason: why } = this;
    this.#body?.destroy();
    this.#onAbort(why);
    this.fail(why);
  }

  pause(): void {
    this.paused = true;
    this.#body?.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    const next = this.#next;
    this.#next = null;
    if (next === null) this.#body?.resume();
    else next();
  }

  #pump(body: Readable, end: () => void): void {
    body.on('data', (chunk: Buffer) => this.#data(Buffer.from(chunk)));
    body.once('end', () => this.#whenTaken(end));
    body.once('close', () => {
      if (!body.readableEnded) this.fail(body.errored ?? requestAborted());
    });
  }

  #head(status: number, fields: FieldList, statusText: string): void {
    const raw = rawFields(fields);
    if (status >= 200) this.rawHeaders = raw;
    this.#call(() => {
      if (!this.#isLegacy) {
        this.#handler.onResponseStart?.(withRaw(this, raw), status, parsedFields(fields), statusText);
      } else if (this.#handler.onHeaders!(status, raw, () => this.resume(), statusText) === false) {
        // To an interim response it means nothing.
        if (status >= 200) this.pause();
      }
    });
  }

  #data(chunk: Buffer): void {
    this.#call(() => {
      if (!this.#isLegacy) this.#handler.onResponseData?.(this, chunk);
      else if (this.#handler.onData?.(chunk) === false) this.pause();
    });
  }

  #end(trailers: FieldList): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.rawTrailers = rawFields(trailers);
    try {
      if (this.#isLegacy) this.#handler.onComplete?.(this.rawTrailers);
      else this.#handler.onResponseEnd?.(this, parsedFields(trailers));
    } catch (error) {
      this.#isDone = false;
      this.fail(error as Error);
    }
  }

  #whenTaken(next: () => void): void {
    if (this.#isDone) return;
    if (this.paused) this.#next = next;
    else next();
  }

  /** What a handler throws gives the request up, as undici has it. */
  #call(tell: () => void): void {
    if (this.#isDone) return;
    try {
      tell();
    } catch (error) {
      this.abort(error as Error);
    }
  }
}

/** Of an interim response the fields are not those of the answer. */
function withRaw(recipient: Recipient, raw: Buffer[]): DispatchController {
  if (recipient.rawHeaders === raw) return recipient;
  return Object.create(recipient, { rawHeaders: { value: raw } }) as DispatchController;
}

function letGo(body: Buffer | Readable | null): void {
  if (body !== null && !Buffer.isBuffer(body)) body.destroy();
}

/** As undici's own, by name and code. */
function requestAborted(): Error {
  return Object.assign(new Error('Request aborted'), { name: 'AbortError', code: 'UND_ERR_ABORTED' });
}
