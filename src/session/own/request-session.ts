import { isDeepStrictEqual } from 'node:util';
import { CachegateError } from '../../errors.ts';
import type { LoginOptions, Session, SessionField, SessionValue, SessionWatcher } from './session.ts';
import type { DataChange, Lived, SessionLife } from './session-life.ts';
import { checkField, type SessionRecord, snapshot } from './session-record.ts';
import { NO_SESSION, type SessionState } from './session-state.ts';

const NO_ROLES: readonly string[] = [];

type Patch = ReadonlyMap<string, unknown>;

/** One request's session: collects what the request sets, and has it stored. */
export class RequestSession implements Session {
  #state: SessionState;
  readonly #life: SessionLife;
  /** What was set; `undefined`: deleted. */
  #patch: Map<string, unknown> | null = null;
  #isSealed = false;
  /** The `Set-Cookie` value to send. */
  #cookie: string | null = null;
  #watcher: SessionWatcher | null = null;
  /** Settles with the last step under way; each begins when the one before it is done. Never rejects. */
  #underWay: Promise<void> | null = null;

  constructor(state: SessionState, life: SessionLife) {
    this.#state = state;
    this.#life = life;
  }

  get user(): string | null {
    const state = this.#state;
    if (state.kind === 'active') return state.record.user;
    return state.kind === 'degraded' ? state.claims.user : null;
  }

  get roles(): readonly string[] {
    const state = this.#state;
    if (state.kind === 'active') return state.record.roles;
    return state.kind === 'degraded' ? state.claims.roles : NO_ROLES;
  }

  get createdAt(): number | null {
    return this.#state.kind === 'active' ? this.#state.record.createdAt : null;
  }

  get degraded(): boolean {
    return this.#state.kind === 'degraded';
  }

  get unavailable(): boolean {
    return this.#state.kind === 'unavailable';
  }

  get<F extends SessionField>(field: F): SessionValue<F> | undefined {
    const value = this.#patch?.has(field)
      ? this.#patch.get(field)
      : this.#state.kind === 'active'
        ? this.#state.record.data.get(field)
        : undefined;
    return value as SessionValue<F> | undefined;
  }

  set<F extends SessionField>(field: F, value: SessionValue<F>): void {
    checkField(field);
    const copy = snapshot(field, value);
    this.#mayWrite();
    this.#patch ??= new Map();
    this.#patch.set(field, copy);
  }

  delete(field: SessionField): void {
    if (this.get(field) === undefined && !this.degraded && !this.unavailable) return;
    this.#mayWrite();
    this.#patch ??= new Map();
    this.#patch.set(field, undefined);
  }

  update<F extends SessionField>(
    field: F,
    change: (before: SessionValue<F> | undefined) => SessionValue<F>,
  ): Promise<SessionValue<F>> {
    return this.#inTurn(() => this.#update(field, change));
  }

  login(user: string, options: LoginOptions = {}): Promise<void> {
    return this.#inTurn(() => this.#login(user, options));
  }

  rotate(): Promise<void> {
    return this.#inTurn(() => this.#rotate());
  }

  logout(): Promise<void> {
    return this.#inTurn(() => this.#logout());
  }

  /** As `OpenedSession.commit`. */
  commit(): Promise<readonly string[]> {
    return this.#inTurn(() => this.#commit());
  }

  /** One after the other: two at once would both begin a session, or go on with what the other has left. */
  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    this.#changes();
    const turn = this.#underWay === null ? step() : this.#underWay.then(step);
    const done = () => {
      if (this.#underWay === settled) this.#underWay = null;
    };
    const settled: Promise<void> = turn.then(done, done);
    this.#underWay = settled;
    return turn;
  }

  /** Has what was set stored by a step; where that fails, it is still to be stored. */
  async #withPatch<T>(step: (patch: Patch | null) => Promise<T>): Promise<T> {
    const patch = this.#patch;
    this.#patch = null;
    try {
      return await step(patch);
    } catch (error) {
      if (patch !== null) this.#patch = new Map([...patch, ...(this.#patch ?? [])]);
      throw error;
    }
  }

  async #update<F extends SessionField>(
    field: F,
    change: (before: SessionValue<F> | undefined) => SessionValue<F>,
  ): Promise<SessionValue<F>> {
    checkField(field);
    let value: unknown;
    const seen = this.#state;
    const renewed = (patch: Patch | null) => (record: SessionRecord) => {
      if (!isOfSame(seen, record)) throw ended();
      const data = patched(record.data, patch);
      value = snapshot(field, change(data.get(field) as SessionValue<F> | undefined));
      data.set(field, value);
      return { ...record, data };
    };
    // Made of what is stored now, so it can't be put off.
    const isStored = await this.#withPatch((patch) => this.#store(renewed(patch), null));
    if (!isStored) throw ended();
    return value as SessionValue<F>;
  }

  async #login(user: string, { roles = NO_ROLES, keepData = true }: LoginOptions): Promise<void> {
    const lived = await this.#withPatch((patch) => {
      const data: DataChange | null = keepData ? (before) => patched(before, patch) : null;
      return this.#life.login(this.#state, { user, roles }, data);
    });
    this.#take(lived);
  }

  async #rotate(): Promise<void> {
    const state = this.#state;
    if (state.kind === 'none' || state.kind === 'foreign') return;
    const rotated = this.#withPatch((patch) => this.#life.rotate(state, (before) => patched(before, patch)));
    this.#take(await rotated);
  }

  #take({ state, cookie }: Lived): void {
    this.#state = state;
    this.#cookie = cookie;
  }

  async #logout(): Promise<void> {
    const state = this.#state;
    this.#patch = null;
    if (state.kind === 'none' || state.kind === 'foreign') return;
    this.#state = NO_SESSION;
    this.#cookie = this.#life.clearedCookie();
    await this.#life.end(state.place);
  }

  /** As `OpenedSession.needsCommit`. */
  needsCommit(): boolean {
    if (this.#patch !== null || this.#cookie !== null || this.#underWay !== null) return true;
    return this.#life.isDue(this.#state);
  }

  async #commit(): Promise<readonly string[]> {
    const patch = this.#patch;
    this.#patch = null;
    if (patch !== null && !(this.#state.kind === 'none' && isEmpty(patch))) {
      const seen = this.#state;
      const change = (record: SessionRecord) => {
        const mine = isOfSame(seen, record) ? patch : untouched(seen, record, patch);
        return { ...record, data: patched(record.data, mine) };
      };
      await this.#store(change, () => sizeOf(patch));
    }
    if (this.#life.isDue(this.#state)) await this.#refresh();
    const cookie = this.#cookie;
    this.#cookie = null;
    return cookie === null ? [] : [cookie];
  }

  /** As `OpenedSession.seal`. */
  seal(): void {
    this.#isSealed = true;
  }

  /** Lengthens the session's life, which a store that fails is no reason to refuse a request for. */
  async #refresh(): Promise<void> {
    const refreshed = await this.#life.refresh(this.#state);
    this.#state = refreshed.state;
    this.#cookie ??= refreshed.cookie;
  }

  /** Answers whether it was stored: not in a session that has ended. */
  async #store(
    change: (record: SessionRecord) => SessionRecord,
    sizeOf: (() => number) | null,
  ): Promise<boolean> {
    const stored = await this.#life.store(this.#state, change, sizeOf);
    if (stored === null) {
      this.#state = NO_SESSION;
      return false;
    }
    this.#state = stored.state;
    this.#cookie = stored.cookie ?? this.#cookie;
    return true;
  }

  /** As `OpenedSession.watch`. */
  watch(watcher: SessionWatcher): void {
    this.#watcher = watcher;
  }

  #changes(): void {
    const watcher = this.#watcher;
    this.#watcher = null;
    watcher?.sessionChanges();
  }

  #mayWrite(): void {
    this.#changes();
    if (this.#isSealed) {
      const message =
        'The answer is on its way: what is set now would not be stored; `update` stores at once';
      throw new CachegateError('ERR_SESSION_SENT', message);
    }
    this.#life.mayWrite(this.#state);
  }
}

const ended = () => new CachegateError('ERR_SESSION_ENDED', 'The session has ended meanwhile');

/**
 * Whether a record is still of whom the request found. Another's: they have logged in while the request was under way, and it
 * may be that of somebody who planted the id on them.
 */
function isOfSame(seen: SessionState, { user, roles }: SessionRecord): boolean {
  if (seen.kind !== 'active' && seen.kind !== 'degraded') return true;
  const before = seen.kind === 'active' ? seen.record : seen.claims;
  return before.user === user && before.roles.join('\n') === roles.join('\n');
}

/** What of a patch was set before the login as well as nobody has changed it since: the login has taken that along. */
function untouched(
  seen: SessionState,
  record: SessionRecord,
  patch: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, unknown> {
  // What it held was not known, so neither is what has changed; that is said rather than to lose the write.
  if (seen.kind !== 'active') throw ended();
  const { data } = seen.record;
  return new Map([...patch].filter(([field]) => isDeepStrictEqual(data.get(field), record.data.get(field))));
}

/** In bytes, more or less. */
function sizeOf(patch: Patch): number {
  return JSON.stringify([...patch]).length;
}

function isEmpty(patch: ReadonlyMap<string, unknown>): boolean {
  for (const value of patch.values()) if (value !== undefined) return false;
  return true;
}

function patched(
  data: ReadonlyMap<string, unknown>,
  patch: ReadonlyMap<string, unknown> | null,
): Map<string, unknown> {
  const after = new Map(data);
  for (const [field, value] of patch ?? []) {
    if (value === undefined) after.delete(field);
    else after.set(field, value);
  }
  return after;
}
