import type { CacheStatus } from '../http/cache-status.ts';

/** The request that is asked about. */
export interface ExplainRequest {
  /** A path of this server with its query, or a URL of which the host says nothing. */
  readonly url: string;
  /** `GET` by default. */
  readonly method?: string;
  /** Fields of the request, as they decide on variants, conditions and directives. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the cache holds for a request, and what the next such request would do. Nothing is changed by asking. */
export interface Explanation {
  readonly url: string;
  readonly method: string;
  /** `null`: no service has it, and `next` says what it is answered with. */
  readonly service: string | null;
  /** Path and query as the origin would be asked for them. */
  readonly target: string | null;
  /** In words (method, service, target), and as the store has it; `null`: there is none, or it is not known whose. */
  readonly cache_key: string | null;
  readonly store_key: string | null;
  /** Something of the resource is stored. `null`: the store could not be asked, or was not. */
  readonly stored: boolean | null;
  /** By what fields the resource's responses were selected, the newest first; empty where they don't vary. */
  readonly variants: readonly ExplainedVariants[];
  /** The stored response that the request selects. */
  readonly response: ExplainedResponse | null;
  readonly next: ExplainedAnswer;
}

export interface ExplainedVariants {
  /** In lower case. */
  readonly fields: readonly string[];
  /** There is one for the values that the request has. */
  readonly stored: boolean;
}

/** What the next such request comes to. */
export interface ExplainedAnswer {
  /**
   * `reuse`, `reuse-and-revalidate`; `validate`, `complete`, `forward` (the origin is asked); `wait` (for the same, under
   * way); `refuse` (the cache or the gate answers by itself); `depends` (on what is not known of the request).
   */
  readonly action: string;
  /** What `Cache-Status` would say, without what only the origin's answer tells; `null` where it `depends`. */
  readonly cache_status: CacheStatus | null;
  /** What the client would get; `null`: that is the origin's to say. */
  readonly status: number | null;
  /** Where the origin is asked: whether a stale response stands in for a failure of it, and where it gives no answer. */
  readonly stale_on: { readonly error: boolean; readonly silence: boolean };
  /** Why, a sentence each, in the order in which it is decided. */
  readonly because: readonly string[];
}

/** Times are RFC 3339, spans seconds with at most 3 decimals. */
export interface ExplainedResponse {
  readonly status: number;
  /** Of its content. */
  readonly bytes: number;
  /** The part of the representation that is stored, as in `Content-Range`; `null`: all of it. */
  readonly range: string | null;
  readonly received_at: string;
  readonly tags: readonly string[];
  readonly etag: string | null;
  readonly last_modified: string | null;
  readonly freshness: {
    readonly lifetime: number;
    readonly current_age: number;
    /** Lifetime less age; below 0 when stale. */
    readonly remaining: number;
    readonly stale_while_revalidate: number;
    readonly stale_if_error: number;
    readonly stale_if_disconnected: number;
    /** The lifetime is a guess (RFC 9111 §4.2.2). */
    readonly heuristic: boolean;
    /** It is validated before each use. */
    readonly no_cache: boolean;
    /** It is never used stale. */
    readonly must_revalidate: boolean;
    /** An operator has called it stale since then; `null`: nobody has. */
    readonly stale_since: string | null;
  };
  /** Until the store forgets it. */
  readonly expires_in: number;
}
