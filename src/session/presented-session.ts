import { LRUCache } from 'lru-cache';
import type { FieldList } from '../http/fields.ts';
import type { StoreKeys } from '../store/keys.ts';
import {
  cutSessionId,
  isWellFormedSessionId,
  MAX_SESSION_ID_LENGTH,
  MAX_TOKEN_LENGTH,
} from './session-id.ts';

/** The session that a caller presents, with the names it has in the store. */
export interface PresentedSession {
  /** The secret itself; never shown. */
  readonly id: string;
  /** What of the id may be shown. */
  readonly shownId: string;
  /** Of the verdict on this id with what is forwarded: what is remembered of a session goes by it. */
  readonly storeKey: string;
  readonly rateLimitKey: string;
  /** What the authority is sent beside the id, names in lower case; mostly empty. */
  readonly forwarded: FieldList;
  /** The tag of all verdicts on this id; `null` where there is one alone. */
  readonly tag: string | null;
}

/** Whether the store's key holds the id itself or a keyed hash of it. */
export type IdInKey = 'plain' | 'hashed';

export interface SessionPresenterOptions {
  /** Whose rate limit it is. */
  readonly service: string;
  /** What tells the deployment's authorities apart; empty where there is one. */
  readonly authority: string;
  readonly keys: StoreKeys;
  readonly idInKey: IdInKey;
  /** A `token` may be longer than an id, begins like any other, and is never in a key itself. Default: `id`. */
  readonly secret?: 'id' | 'token';
  /** Verdicts hold whose the session is, and lie under names of their own. Default: false. */
  readonly withIdentity?: boolean;
  /** Callers' values are forwarded to the authority, so that an id has a verdict for each. Default: false. */
  readonly forwards?: boolean;
}

/** `null` for a malformed id. Several calls may answer with the same object. */
export type PresentSession = (id: string, forwarded?: FieldList) => PresentedSession | null;

export const NOTHING_FORWARDED: FieldList = [];

// Keyed hashes cost microseconds, a look-up here a tenth of one.
const REMEMBERED = 10_000;
// Of ids and values: an inventive caller shall not fill the memory with long ones.
const REMEMBERED_CHARACTERS = 8_000_000;
const SHOWN_DIGEST = 8;

/** Makes a `PresentedSession` of an id and what is forwarded with it. Remembers a bounded number. */
export function createSessionPresenter(options: SessionPresenterOptions): PresentSession {
  const { service, authority, keys, secret = 'id', withIdentity = false, forwards = false } = options;
  // With values or without, so that no digest of the one kind is anybody's id of the other.
  const isHashed = secret === 'token' || options.idInKey === 'hashed' || forwards;
  const maxLength = secret === 'token' ? MAX_TOKEN_LENGTH : MAX_SESSION_ID_LENGTH;
  const verdictKey = withIdentity ? keys.verdict : keys.session;
  const known = new LRUCache<string, PresentedSession>({
    max: REMEMBERED,
    maxSize: REMEMBERED_CHARACTERS,
    sizeCalculation: (_, name) => name.length,
  });

  // `session:{id}` with a colon in the id would be what another deployment calls `session:{authority}:{id}`.
  const staysPlain = (id: string, forwarded: FieldList) =>
    !isHashed && forwarded.length === 0 && (authority !== '' || !id.includes(':'));

  // No well-formed id has quotes, so that no id is named as another with values is.
  const nameOf = (id: string, forwarded: FieldList) =>
    forwarded.length === 0 ? id : JSON.stringify([id, ...forwarded]);

  return (id, forwarded = NOTHING_FORWARDED) => {
    const name = nameOf(id, forwarded);
    const remembered = known.get(name);
    if (remembered !== undefined) return remembered;
    if (!isWellFormedSessionId(id, maxLength)) return null;
    const session: PresentedSession = {
      id,
      // All tokens begin alike ({"alg":…), and their ends are signatures: a digest tells them apart and gives nothing away.
      shownId: secret === 'token' ? keys.hash(id).slice(0, SHOWN_DIGEST) : cutSessionId(id),
      storeKey: verdictKey(authority, staysPlain(id, forwarded) ? id : keys.hash(name)),
      rateLimitKey: keys.rateLimit(service, 'session', id),
      forwarded,
      tag: forwards ? keys.userTag(keys.hash(`verdicts:${authority}:${id}`)) : null,
    };
    known.set(name, session);
    return session;
  };
}
