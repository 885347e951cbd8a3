import type { Cachegate, PartsRequest } from '../app/cachegate.ts';
import { correlatedFetch } from '../app/correlated-fetch.ts';
import { newCorrelationId } from '../app/parts-request.ts';
import { logThrough } from '../observe/known-logs.ts';
import type { Identity } from '../session/identity.ts';
import type { OpenedSession, Session, SessionRequest } from '../session/own/session.ts';
import type { MaybePromise } from '../store/store.ts';
import type { ValueCache } from '../value-cache/value-cache.ts';
import { type Refusal, refusal, refusalOf } from './refusal.ts';

/** What a commit came to. */
export interface Committed {
  /** The values of the `Set-Cookie` fields to send. */
  readonly cookies: readonly string[];
  /** What could not be stored: how to answer instead. */
  readonly failure: { readonly error: unknown; readonly refusal: Refusal } | null;
}

/**
 * The parts of cachegate in one request, whatever its framework; the adapters put them where its users look for them.
 */
export abstract class RequestParts implements PartsRequest, SessionRequest {
  /** Whom `requireGate` has let in. */
  identity: Identity | null = null;
  readonly #cachegate: Cachegate;
  #opened: OpenedSession | null = null;
  #correlationId: string | null = null;
  #cachedFetch: typeof globalThis.fetch | null = null;
  #refused = false;
  #isSealed = false;

  constructor(cachegate: Cachegate) {
    this.#cachegate = cachegate;
  }

  abstract readonly method: string;
  abstract readonly peer: string;
  abstract field(name: string): string | undefined;
  /** Adds a field to whatever will be answered. */
  abstract addField(name: string, value: string): void;

  get cookie(): string | undefined {
    return this.field('cookie');
  }

  get origin(): string | undefined {
    return this.field('origin');
  }

  get fetchSite(): string | undefined {
    return this.field('sec-fetch-site');
  }

  get host(): string | undefined {
    return this.field('host') ?? this.field(':authority');
  }

  get cachegate(): Cachegate {
    return this.#cachegate;
  }

  get cache(): ValueCache {
    return this.#cachegate.cache;
  }

  get cachedFetch(): typeof globalThis.fetch {
    this.#cachedFetch ??= correlatedFetch(this.#cachegate.fetch, this);
    return this.#cachedFetch;
  }

  correlationId(): string {
    this.#correlationId ??= newCorrelationId(this);
    return this.#correlationId;
  }

  /** Logs what went wrong with this request. */
  logError(text: string, error?: unknown): void {
    const fields = { ...(error !== undefined && { err: error }), correlationId: this.correlationId() };
    logThrough(this.#cachegate.log).error(fields, text);
  }

  /** @throws Error where `sessions` is off */
  get session(): Session {
    if (this.#opened === null) {
      const opened = this.#find();
      // Without a cookie there is nothing to look up, and nothing to wait for.
      if (opened instanceof Promise) throw new Error('The session of this request has not been opened');
      this.#keep(opened);
      if (this.#isSealed) opened.seal();
      return opened.session;
    }
    return this.#opened.session;
  }

  /** Opens the session that the request presents, if any. Answers how to refuse the request; `null`: let it go on. */
  open(): MaybePromise<Refusal | null> {
    if (this.#cachegate.sessions === null || this.cookie === undefined) return null;
    const opened = this.#find();
    return opened instanceof Promise ? opened.then((found) => this.#take(found)) : this.#take(opened);
  }

  needsCommit(): boolean {
    return this.#opened !== null && !this.#refused && this.#opened.needsCommit();
  }

  /** Stores what the handler has set. Never rejects. */
  async commit(): Promise<Committed> {
    if (!this.needsCommit()) return NOTHING;
    try {
      return { cookies: await this.#opened!.commit(), failure: null };
    } catch (error) {
      const refused = refusalOf(error) ?? refusal(500);
      // An outage is told once, by the log of sessions; its requests are too many.
      if (refused.status !== 503) this.#logUnstored(error);
      const cookies = await this.#restOfCookies();
      this.#refused = true;
      return { cookies, failure: { error, refusal: refused } };
    }
  }

  /** Stores it for the last time: what is set later is refused. Never rejects. */
  async commitAll(): Promise<Committed> {
    const committed = await this.commit();
    this.seal();
    return committed;
  }

  /** What is set from now on is refused, for nobody would store it. */
  seal(): void {
    this.#isSealed = true;
    this.#opened?.seal();
  }

  /**
   * For what was set when the header section was on its way: it is stored, and a cookie can't be sent any more. Answers
   * whether it is stored.
   */
  async commitLate(): Promise<boolean> {
    const { cookies, failure } = await this.commit();
    // Nobody else may hear of it: the client has its answer.
    if (failure?.refusal.status === 503) this.#logUnstored(failure.error);
    if (cookies.length > 0) {
      this.#cachegate.log.warn(
        { correlationId: this.correlationId() },
        'A session was changed after its answer had begun; its cookie could not be sent',
      );
    }
    return failure === null;
  }

  #logUnstored(error: unknown): void {
    this.logError('What a request has set in its session could not be stored', error);
  }

  /** Of a login before that: the session has its new id, of which the client must hear whatever became of the rest. */
  async #restOfCookies(): Promise<readonly string[]> {
    try {
      return this.needsCommit() ? await this.#opened!.commit() : [];
    } catch {
      return [];
    }
  }

  #find(): MaybePromise<OpenedSession> {
    const { sessions } = this.#cachegate;
    if (sessions === null) throw new Error('There are no sessions: `sessions` is off');
    return sessions.open(this);
  }

  /** The session is there: for adapters that have to prepare for its changes. */
  protected sessionOpened(_opened: OpenedSession): void {}

  #keep(opened: OpenedSession): void {
    this.#opened = opened;
    this.sessionOpened(opened);
  }

  #take(opened: OpenedSession): Refusal | null {
    this.#keep(opened);
    return opened.crossSite ? refusal(403) : null;
  }
}

const NOTHING: Committed = { cookies: [], failure: null };
