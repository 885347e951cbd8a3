import type { Clock } from '../../clock.ts';
import { systemClock } from '../../clock.ts';
import { CachegateError } from '../../errors.ts';
import { createStoreKeys } from '../../store/keys.ts';
import type { Store } from '../../store/store.ts';
import { createEndedSessions } from './ended-sessions.ts';
import { optionMs } from './lifetimes.ts';
import type { SessionInfo } from './session.ts';
import { isName, isRoles, UNFIT_NAMES } from './session-claims.ts';
import { isSessionId, newSessionId } from './session-ids.ts';
import { createSessionLists } from './session-lists.ts';
import { placeOf } from './session-place.ts';
import { checkField, decodeRecord, type SessionRecord, snapshot } from './session-record.ts';
import { createSessionRecords } from './session-records.ts';
import { createSessionSecrets } from './session-secrets.ts';

export interface NewSession {
  /** Whose it is; by default nobody's. */
  readonly user?: string | null;
  readonly roles?: readonly string[];
  /** Values by field, as JSON carries them. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * Sessions by their ids, on any store, for those who bring the ids to and fro by themselves. All methods throw
 * `ERR_STORE_*` while the store is away.
 */
export interface SessionStore {
  /**
   * Stores a session under a new id of 128 bits from the system's generator. The id is the secret: the store holds a keyed
   * hash of it.
   * @throws CachegateError `ERR_SESSION_VALUE`, `ERR_SESSION_TOO_LARGE`
   */
  create(session?: NewSession): Promise<{ readonly id: string; readonly record: SessionRecord }>;
  /** `null` for an id that is unknown, or whose session has ended. */
  get(id: string): Promise<SessionRecord | null>;
  /**
   * Sets fields, and deletes those that are `undefined`; others stay as they are, whoever writes at the same time. Answers
   * the record as it is then; `null`: it has ended.
   * @throws CachegateError `ERR_SESSION_VALUE`, `ERR_SESSION_TOO_LARGE`, `ERR_SESSION_CONFLICT`
   */
  set(id: string, fields: Readonly<Record<string, unknown>>): Promise<SessionRecord | null>;
  /** Begins its idle lifetime anew. Answers whether it is there. */
  touch(id: string): Promise<boolean>;
  /** Ends it, for every process. Answers whether it was there. */
  delete(id: string): Promise<boolean>;
  /** A part of a user's sessions, from `cursor` on; its `cursor` is `null` at the end. */
  listByUser(
    user: string,
    cursor?: string | null,
  ): Promise<{ sessions: SessionInfo[]; cursor: string | null }>;
  /** Ends all of a user's; answers how many. */
  deleteByUser(user: string): Promise<number>;
}

export interface SessionStoreOptions {
  readonly store: Store;
  /** Newest first; the first makes new sessions' keys, all find theirs. 32 characters or more each. */
  readonly secrets: readonly string[];
  /** Goes before every key. */
  readonly namespace?: string;
  /** Seconds, 1800 by default. */
  readonly idleTtlSeconds?: number;
  /** Seconds, 43200 by default. */
  readonly absoluteTtlSeconds?: number;
  /** Bound of a record in bytes, 65536 by default. */
  readonly maxBytes?: number;
  readonly clock?: Clock;
}

/** @throws CachegateError `ERR_CONFIG_INVALID` without a secret */
export function createSessionStore(options: SessionStoreOptions): SessionStore {
  const { store, namespace = '', clock = systemClock, maxBytes = 65_536 } = options;
  const idleMs = optionMs('idleTtlSeconds', options.idleTtlSeconds ?? 1_800, 1);
  const absoluteMs = optionMs('absoluteTtlSeconds', options.absoluteTtlSeconds ?? 43_200, 1);
  const secrets = createSessionSecrets(options.secrets, namespace);
  // Every key of a session is made by the secrets; the hashes of `keys` are not used.
  const keys = createStoreKeys(namespace, '');
  const records = createSessionRecords({ store, keys, secrets, clock, idleMs, maxBytes });
  const ended = createEndedSessions(null, absoluteMs, () => clock.now());
  const lists = createSessionLists({ store, keys, records, ended });

  /** Where a session lies: by one of the secrets. */
  async function find(id: string) {
    if (!isSessionId(id)) return null;
    const places = secrets.all.map((secret) => placeOf(keys, id, secret));
    const values = await store.get(places.map(({ key }) => key));
    for (const [i, value] of values.entries()) {
      const record = value === null ? null : decodeRecord(value.bytes);
      if (record !== null && !records.isOver(record))
        return { place: places[i]!, record, bytes: value!.bytes };
    }
    return null;
  }

  async function write(id: string, change: (record: SessionRecord) => SessionRecord) {
    const found = await find(id);
    if (found === null) return null;
    const touched = (record: SessionRecord) => ({ ...change(record), seenAt: clock.now() });
    return (await records.write(found.place, touched, found.bytes))?.record ?? null;
  }

  return {
    async create({ user = null, roles = [], data = {} } = {}) {
      // It would be stored, and be nobody's for whoever reads it.
      if ((user !== null && !isName(user)) || !isRoles(roles)) {
        throw new CachegateError('ERR_SESSION_VALUE', UNFIT_NAMES);
      }
      const id = newSessionId();
      const now = clock.now();
      const times = { createdAt: now, seenAt: now, endsAt: now + absoluteMs };
      const record = { version: 1, user, roles: [...new Set(roles)], ...times, data: new Map(copied(data)) };
      return { id, record: (await records.create(record, id)).record };
    },
    get: async (id) => (await find(id))?.record ?? null,
    async set(id, fields) {
      const copies = copied(fields);
      return write(id, (record) => {
        const data = new Map(record.data);
        for (const [field, value] of copies) {
          if (value === undefined) data.delete(field);
          else data.set(field, value);
        }
        return { ...record, data };
      });
    },
    touch: async (id) => (await write(id, (record) => record)) !== null,
    async delete(id) {
      const found = await find(id);
      return found === null ? false : records.end(found.place);
    },
    listByUser: (user, cursor = null) => lists.list(user, cursor),
    deleteByUser: lists.endAll,
  };
}

function copied(fields: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(fields).map(([field, value]) => {
    checkField(field);
    return [field, value === undefined ? undefined : snapshot(field, value)];
  });
}
