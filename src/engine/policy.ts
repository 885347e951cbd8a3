/** What an operator decides about a service's responses, beside what their origin says of them. */
export interface CachePolicy {
  /**
   * The cache is one user's alone (RFC 9111 §1): it may store what is `private` or answers credentials, and what is said to
   * shared caches says nothing to it. Left out: it is shared.
   */
  readonly private?: boolean;
  /**
   * Where the standard and safety pull apart: `rfc` stores all that RFC 9111 lets a shared cache store; `safe` leaves
   * out what may be one client's alone (`Set-Cookie`, and guessed lifetimes for requests with cookies).
   */
  readonly mode: 'safe' | 'rfc';
  /** Targeted fields in lower case, in the order in which they are looked for (RFC 9213 §2.2). */
  readonly targetedFields: readonly string[];
  /** Whether a response without an explicit lifetime may be given one by its age (RFC 9111 §4.2.2). */
  readonly heuristic: boolean;
  /**
   * The freshness lifetime, counted from receipt, of a response to which its origin gives none. It holds for the
   * statuses below 400 that are cacheable by default (RFC 9110 §15.1); others have `negativeTtlSeconds`.
   */
  readonly ttlSeconds?: number;
  /**
   * Whether the lifetimes of this policy replace what the origin and the request say: explicit lifetimes, `no-store`,
   * `private`, `no-cache`, and the rules for credentials. A response whose status has no lifetime here is then not
   * stored, and so is one with `Set-Cookie` or `Vary: *`, which are never shared, forced or not.
   */
  readonly force: boolean;
  /** Freshness lifetimes by status, for errors and redirects, as `ttlSeconds` is for the rest. */
  readonly negativeTtlSeconds: ReadonlyMap<number, number>;
  /** The window of RFC 5861 §3 for responses to which the origin gives none. */
  readonly staleWhileRevalidateSeconds?: number;
  /** The window of RFC 5861 §4 for responses to which the origin gives none. */
  readonly staleIfErrorSeconds?: number;
  /**
   * How long a stale response may stand in for an origin that gives no answer at all, where no directive forbids it
   * (RFC 9111 §4.2.4: a cache that is disconnected).
   */
  readonly staleIfDisconnectedSeconds?: number;
  /** How long a stale response with a validator is kept, for a 304 to freshen. A day by default. */
  readonly keepForValidationSeconds?: number;
}
