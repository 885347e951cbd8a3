/** A client's request, as a transform sees it. */
export interface TransformRequest {
  readonly method: string;
  /** The path after the service's prefix, with its leading slash. */
  readonly path: string;
  readonly query: URLSearchParams;
}

/** An origin's response, as a transform sees it. `text` and `json` reject when the body breaks off or is too large. */
export interface TransformResponse {
  readonly status: number;
  header(name: string): string | undefined;
  text(): Promise<string>;
  json(): Promise<unknown>;
}

export interface TransformContext<Options> {
  readonly options: Options;
  /** The target that `request` made. */
  readonly target: string;
  /** Fetches another target of the same origin, with the service's own fields and time limits. */
  fetch(target: string): Promise<TransformResponse>;
}

export interface TransformedResponse {
  readonly status: number;
  /** `Content-Type` is `application/json` unless it is given. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Code of a service that makes an API's answers fit its clients. */
export interface Transform<Options = Record<string, unknown>> {
  /**
   * Maps a client's request to the origin's target (path and query), or answers it. Pure: the cache key is made from
   * the target, and the result is remembered.
   */
  request?(
    request: TransformRequest,
    options: Options,
  ): { readonly target: string } | { readonly status: number; readonly error: string };
  /** Makes the client's response from the origin's; runs before the response is stored, so once for all hits. */
  response?(response: TransformResponse, context: TransformContext<Options>): Promise<TransformedResponse>;
}
