/** Which differences between targets make no difference to a service's responses. */
export interface TargetKeying {
  /** The order of the query's parameters does not count. */
  readonly sortQuery: boolean;
  /** Names of query parameters that do not count; `*` at the end stands for any rest. */
  readonly ignoreQuery: readonly string[];
  /** The path's letters count alike in upper and lower case. */
  readonly lowerCasePath: boolean;
}

export interface KeyedRequest {
  readonly service: string;
  readonly method: string;
  /** Path and query as the origin is asked for them, byte for byte. */
  readonly target: string;
}

/**
 * The cache key of a request (RFC 9111 §2) in readable form: method, service and target. HEAD is answered by what a
 * GET has stored, so both have one key. Neither a method nor a target holds a space, so no two keys are alike.
 */
export function cacheKey({ service, method, target }: KeyedRequest): string {
  return `${method === 'HEAD' ? 'GET' : method} ${service} ${target}`;
}
