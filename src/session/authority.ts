import type { FieldList } from '../http/fields.ts';
import type { Identity } from './identity.ts';
import type { PresentedSession } from './presented-session.ts';

/**
 * What an authority says of a session.
 * `unavailable`: it gave no usable answer (unreachable, too slow, an error of its own, or an identity that was asked for
 * and is not in it); never cached, and counted apart from `invalid`.
 */
export type Verdict = 'valid' | 'invalid' | 'unavailable';

export interface Validation {
  readonly verdict: Verdict;
  /** Why, for the log; holds no secret. */
  readonly detail?: string;
  /** Whose the session is; with `valid`, from an authority that says so. */
  readonly identity?: Identity;
  /** In milliseconds since the epoch, until when it is valid at most; unknown where left out. */
  readonly expiresAt?: number;
}

/** A session that is let in. `identity` is `null` where nobody has asked for one. */
export interface ValidSession {
  readonly kind: 'valid';
  readonly identity: Identity | null;
}

/** Who knows whether a session is valid: most often a remote system. */
export interface Authority {
  /** The name that stands in log lines, such as `Wagtail`. */
  readonly name: string;
  /** Within so many milliseconds it answers. */
  readonly timeoutMs: number;
  /**
   * Asks about a presented session. Never rejects, and always answers within `timeoutMs`.
   * @param traceFields by which who is asked takes part in the request's trace; by default none
   */
  validate(session: PresentedSession, correlationId: string, traceFields?: FieldList): Promise<Validation>;
  /** What it can say without asking anyone, and sooner than a store can; `null`: it is to be asked. */
  recall?(session: PresentedSession): ValidSession | null;
  /** Makes it forget what `recall` answers with. */
  forget?(session: PresentedSession): void;
  close(): Promise<void>;
}
