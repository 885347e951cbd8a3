// What undici's dispatchers and handlers are to an interceptor, from version 6 to 8: none of them is imported, since it is
// the caller's own undici that dispatches.

/** A request, as it is dispatched; what is not named here is passed on as it is. */
export interface DispatchOptions {
  readonly origin?: string | URL | null | undefined;
  readonly path: string;
  readonly method: string;
  readonly headers?: unknown;
  readonly body?: unknown;
  readonly query?: Record<string, unknown> | null | undefined;
  readonly upgrade?: unknown;
  /** What a caller asks of the cache (`CallSettings`). */
  readonly cachegate?: unknown;
}

/** Field sections as dispatchers give them: name, value, name, value, … or, over HTTP/2, by name. */
export type RawFields = readonly unknown[] | Readonly<Record<string, unknown>> | null | undefined;

/** Fields by lower-case name, as undici's API gives them. */
export type ParsedFields = Record<string, string | string[]>;

/** What the handler of a request can do to it. */
export interface DispatchController {
  readonly aborted: boolean;
  readonly reason: Error | null;
  readonly paused: boolean;
  readonly rawHeaders?: RawFields;
  readonly rawTrailers?: RawFields;
  abort(reason: Error): void;
  pause(): void;
  resume(): void;
}

/** A handler since undici 7. */
export interface ControlledHandler {
  onRequestStart?(controller: DispatchController, context: unknown): void;
  onResponseStart?(
    controller: DispatchController,
    status: number,
    headers: ParsedFields,
    statusText?: string,
  ): void;
  onResponseData?(controller: DispatchController, chunk: Buffer): void;
  onResponseEnd?(controller: DispatchController, trailers: ParsedFields): void;
  onResponseError?(controller: DispatchController, error: Error): void;
}

/** A handler of undici 6 and before, and of the `fetch` of Node up to 24. `false`: no more for now. */
export interface LegacyHandler {
  onConnect?(abort: (reason?: Error) => void, context?: unknown): void;
  onHeaders?(status: number, raw: Buffer[], resume: () => void, statusText: string): boolean | undefined;
  onData?(chunk: Buffer): boolean | undefined;
  onComplete?(rawTrailers: Buffer[]): void;
  onError?(error: Error): void;
}

/** What both have, for who wants to know how far a request has come. */
export interface ProgressHandler {
  onBodySent?(...told: unknown[]): void;
  onRequestSent?(): void;
  onResponseStarted?(): void;
}

export type DispatchHandler = ControlledHandler & LegacyHandler & ProgressHandler;

/** @returns `false`: the dispatcher has enough to do for now */
export type Dispatch = (options: DispatchOptions, handler: DispatchHandler) => boolean;
