/**
 * What an authority says of a session.
 * `unavailable`: it gave no usable answer (unreachable, too slow, an error of its own); never cached, and counted
 * apart from `invalid`.
 */
export type Verdict = 'valid' | 'invalid' | 'unavailable';

export interface Validation {
  readonly verdict: Verdict;
  /** Why, for the log; holds no secret. */
  readonly detail?: string;
}

/** The remote system that knows whether a session is valid. */
export interface Authority {
  /** The name that stands in log lines, such as `Wagtail`. */
  readonly name: string;
  /** Within so many milliseconds it answers. */
  readonly timeoutMs: number;
  /** Asks about a well-formed id. Never rejects, and always answers within `timeoutMs`. */
  validate(sessionId: string, correlationId: string): Promise<Validation>;
  close(): Promise<void>;
}
