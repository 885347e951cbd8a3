import type { MaybePromise } from '../../store/store.ts';

/**
 * What an application keeps in its sessions; to be declared by the application (`declare module 'cachegate/session'`).
 * Values are JSON: what `JSON.stringify` would leave out or change is refused.
 */
// biome-ignore lint/suspicious/noEmptyInterface: applications add to it
export interface SessionData {}

export type SessionField = keyof SessionData extends never ? string : keyof SessionData & string;
export type SessionValue<F extends string> = F extends keyof SessionData ? SessionData[F] : unknown;

export interface LoginOptions {
  /** What they may do, for the application and for gates; a change of it needs a new login. Default: none. */
  readonly roles?: readonly string[];
  /** Whether what the session held before the login stays in it. Default: true. */
  readonly keepData?: boolean;
}

/** The session of one request, for the application's handlers. */
export interface Session {
  /** Who has logged in; `null`: nobody. */
  readonly user: string | null;
  readonly roles: readonly string[];
  /** Milliseconds since the epoch; `null` where nothing is stored yet. */
  readonly createdAt: number | null;
  /** The store is away and the cookie's token alone vouches for the session (S3): its fields are not known. */
  readonly degraded: boolean;
  /** The store is away and the token is too old to vouch alone: whose the session is can't be said now. */
  readonly unavailable: boolean;

  /** A field's value as it was at the beginning of the request, or as this request has set it. Not to be changed. */
  get<F extends SessionField>(field: F): SessionValue<F> | undefined;
  /**
   * Sets a field; stored when the request is answered, and apart from other fields, so that what other requests set
   * meanwhile stays.
   *
   * @throws CachegateError `ERR_SESSION_VALUE` for what JSON can't carry, `ERR_SESSION_DEGRADED` while the store is away,
   * `ERR_SESSION_SENT` where the answer is on its way and nobody would store it (`update` does)
   */
  set<F extends SessionField>(field: F, value: SessionValue<F>): void;
  /** @throws CachegateError `ERR_SESSION_DEGRADED` while the store is away */
  delete(field: SessionField): void;
  /**
   * Makes a field's new value of what is stored now, atomically over all processes: `change` may be called again, with
   * what another request has stored meanwhile. Stored when the promise resolves, which is with the new value.
   *
   * @throws CachegateError `ERR_SESSION_*`
   */
  update<F extends SessionField>(
    field: F,
    change: (before: SessionValue<F> | undefined) => SessionValue<F>,
  ): Promise<SessionValue<F>>;
  /**
   * Makes it the session of `user` under a new id; the old id is dead for every new request, whatever it was (session
   * fixation). Resolves when that is stored.
   *
   * @throws CachegateError `ERR_SESSION_DEGRADED` while the store is away
   */
  login(user: string, options?: LoginOptions): Promise<void>;
  /** Gives it a new id, as a change of what its user may do asks for. @throws CachegateError `ERR_SESSION_*` */
  rotate(): Promise<void>;
  /** Ends it for every process and takes the cookie away. While the store is away that is kept, and done when it is back. */
  logout(): Promise<void>;
}

/** What of a request decides on its session. Field values as received; `undefined` where there is none. */
export interface SessionRequest {
  readonly method: string;
  readonly cookie: string | undefined;
  /** `Origin`. */
  readonly origin: string | undefined;
  /** `Sec-Fetch-Site`. */
  readonly fetchSite: string | undefined;
  /** `Host`, or `:authority`. */
  readonly host: string | undefined;
}

/** Who has to know that an answer must wait for a commit. */
export interface SessionWatcher {
  sessionChanges(): void;
}

/** A request's session, for an adapter. */
export interface OpenedSession {
  readonly session: Session;
  /** The request would change something and comes from another site (CSRF): it is to be answered with 403. */
  readonly crossSite: boolean;
  /** Whether `commit` has anything to store or to send. */
  needsCommit(): boolean;
  /** Has the watcher told, once, as soon as the request begins to change its session. */
  watch(watcher: SessionWatcher): void;
  /**
   * Stores what changed. To be called before the header section is sent, and again for what is set later; answers the
   * values of the `Set-Cookie` fields to send. Does not reject for a session that has ended meanwhile.
   *
   * @throws CachegateError `ERR_SESSION_*`, `ERR_STORE_*` when what was set can't be stored
   */
  commit(): Promise<readonly string[]>;
  /** Nobody will call `commit` any more: `set` and `delete` throw `ERR_SESSION_SENT` from now on. */
  seal(): void;
}

/** One of a user's sessions, as lists show it. */
export interface SessionInfo {
  /** Names it in lists and to end it; of no use as an id. */
  readonly reference: string;
  readonly user: string | null;
  readonly roles: readonly string[];
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly seenAt: number;
  readonly expiresAt: number;
}

export interface SessionsStatus {
  readonly mode: 'store' | 'jwt';
  /** JWT-only mode: the store is away, or is not to be used. */
  readonly degraded: boolean;
  /** Logouts and writes that are kept until the store is back. */
  readonly kept: number;
}

/** The sessions of an application. */
export interface Sessions {
  /** Finds the session of a request; one without is given a new one, of which nothing is stored until it holds something. Never rejects. */
  open(request: SessionRequest): MaybePromise<OpenedSession>;
  /** A part of a user's sessions, or of all (`user` null), from `cursor` on; `null` at the end. @throws CachegateError `ERR_STORE_*` */
  list(
    user: string | null,
    cursor?: string | null,
  ): Promise<{ sessions: SessionInfo[]; cursor: string | null }>;
  /** Ends one session, everywhere. Answers whether it was there. @throws CachegateError `ERR_STORE_*` */
  end(reference: string): Promise<boolean>;
  /** Ends all sessions of a user, everywhere; answers how many. @throws CachegateError `ERR_STORE_*` */
  endAll(user: string): Promise<number>;
  status(): SessionsStatus;
  /** Waits for commits under way, and then sends what is kept, for `deadlineMs` at most each. */
  close(deadlineMs?: number): Promise<void>;
}
