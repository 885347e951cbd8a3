import type { Clock } from '../../clock.ts';
import { CachegateError, hasCode } from '../../errors.ts';
import { hashTagOf, type StoreKeys } from '../../store/keys.ts';
import type { MaybePromise, Store } from '../../store/store.ts';
import { codedCalls } from './coded-calls.ts';
import { createRecordMoves, type Moved, type RecordMoves } from './record-moves.ts';
import { createRecordWrites, type Written } from './record-writes.ts';
import { type FoundRecord, type Place, placeOf } from './session-place.ts';
import { encodeRecord, movedTo, type SessionRecord } from './session-record.ts';
import type { SessionSecret, SessionSecrets } from './session-secrets.ts';

export interface Created extends Written {
  /** The secret itself: only its user may have it. */
  readonly id: string;
}

export interface SessionRecordsOptions {
  readonly store: Store;
  readonly keys: StoreKeys;
  readonly secrets: SessionSecrets;
  readonly clock: Clock;
  readonly idleMs: number;
  readonly maxBytes: number;
}

/** Sessions on the store port, by their places. All throw `ERR_STORE_*`. */
export interface SessionRecords {
  /** Where it is by what lists call it; the secret is not known, and any will do to read or to end it. */
  placeOfDigest(digest: string): Place;
  /** When its idle or absolute lifetime is over, in milliseconds since the epoch. */
  expiresAt(record: SessionRecord): number;
  /** Whether it is. */
  isOver(record: SessionRecord): boolean;
  /** Whether a session goes on under another id. */
  hasMoved(place: Place): Promise<boolean>;
  /** Stores a session under a new id (`newSessionId`). @throws CachegateError `ERR_SESSION_TOO_LARGE` */
  create(record: SessionRecord, id: string): Promise<Created>;
  /** The same after tries of which nobody knows what became. */
  createOnce(record: SessionRecord, id: string): Promise<void>;
  /**
   * Makes a new record of what is stored, atomically; `null`: the session has ended. One that has got a new id meanwhile
   * is found there.
   * @param known what the store held a moment ago
   * @throws what `change` throws; CachegateError `ERR_SESSION_TOO_LARGE`, `ERR_SESSION_CONFLICT`
   */
  write(
    place: Place,
    change: (before: SessionRecord) => SessionRecord,
    known?: Buffer | null,
  ): Promise<Written | null>;
  /**
   * Gives it a new id (`newSessionId`), and its record a new content; the old id is dead from then on. `null`: it has ended,
   * or got a new id meanwhile.
   */
  move(
    place: Place,
    id: string,
    change: (before: SessionRecord) => SessionRecord,
  ): Promise<(Created & Moved) | null>;
  /** As `RecordMoves.finish`. */
  finish: RecordMoves['finish'];
  /** Ends it, wherever it has moved to. Answers whether it was there. */
  end(place: Place): Promise<boolean>;
  /** The keys of the tags by which a user's sessions are found; the secrets' own, since they are keyed hashes. */
  userTags(user: string): readonly string[];
}

const MAX_HOPS = 16;

export const SESSION_KIND = 'own';

export function createSessionRecords(options: SessionRecordsOptions): SessionRecords {
  const { keys, secrets, clock, idleMs, maxBytes } = options;
  const store = codedCalls(options.store);

  const userTag = (user: string, secret: SessionSecret) => keys.userTag(secret.digest(`user:${user}`));
  const tagsOf = ({ key, secret }: Place, { user }: SessionRecord) => [
    keys.sessionTag(SESSION_KIND, key),
    ...(user === null ? [] : [userTag(user, secret)]),
  ];
  const expiresAt = ({ seenAt, endsAt }: SessionRecord) => Math.min(seenAt + idleMs, endsAt);
  const lifeMs = (record: SessionRecord) => Math.max(1, Math.min(idleMs, expiresAt(record) - clock.now()));

  function encoded(record: SessionRecord): Buffer {
    const bytes = encodeRecord(record);
    if (bytes.length <= maxBytes) return bytes;
    const message = `A session's record would be ${bytes.length} bytes long; at most ${maxBytes} are kept`;
    throw new CachegateError('ERR_SESSION_TOO_LARGE', message);
  }

  /** Where a mark or a pointer leads: the digest of the new id, after the secret's name. */
  const trailTo = ({ key, secret }: Place) => `${secret.kid}.${hashTagOf(key)}`;
  function placeAt(trail: string): Place | null {
    const [kid = '', digest = ''] = trail.split('.');
    const secret = secrets.byKid(kid);
    return secret === undefined ? null : { key: keys.ownSession(digest), secret };
  }

  async function locate(from: Place): Promise<FoundRecord | null> {
    let place: Place | null = from;
    for (let hop = 0; hop < MAX_HOPS && place !== null; hop++) {
      const [value, pointer]: Awaited<ReturnType<Store['get']>> = await store.get([
        place.key,
        keys.movedSession(place.key),
      ]);
      const bytes = value?.bytes ?? null;
      const trail: string | null = bytes === null ? (pointer?.bytes.toString() ?? null) : movedTo(bytes);
      if (trail === null) return bytes === null ? null : { place, bytes };
      place = placeAt(trail);
    }
    return null;
  }

  function replace(place: Place, expected: Buffer, record: SessionRecord): MaybePromise<Buffer | null> {
    const bytes = encoded(record);
    const group = { group: place.key, tags: tagsOf(place, record) };
    const written = store.replace(place.key, expected, bytes, lifeMs(record), group);
    return written instanceof Promise
      ? written.then((done) => (done ? bytes : null))
      : written
        ? bytes
        : null;
  }

  const writes = createRecordWrites({ locate, replace });

  async function put(place: Place, record: SessionRecord, onlyIfAbsent: boolean): Promise<Buffer> {
    const bytes = encoded(record);
    const group = { group: place.key, tags: tagsOf(place, record), onlyIfAbsent };
    if (await store.set(place.key, bytes, lifeMs(record), group)) return bytes;
    throw new CachegateError('ERR_SESSION_CONFLICT', 'A session of this id is there already');
  }

  const moves = createRecordMoves({
    ...{ store, keys, writes, locate, trailTo },
    put: (place, record) => put(place, record, false),
  });

  async function create(record: SessionRecord, id: string): Promise<Created> {
    const place = placeOf(keys, id, secrets.signing);
    return { id, place, record, bytes: await put(place, record, true) };
  }

  return {
    placeOfDigest: (digest) => ({ key: keys.ownSession(digest), secret: secrets.signing }),
    expiresAt,
    isOver: (record) => clock.now() >= expiresAt(record),
    async hasMoved(place) {
      const found = await locate(place);
      return found !== null && found.place !== place;
    },
    create,
    async createOnce(record, id) {
      try {
        await create(record, id);
      } catch (error) {
        // Nobody else makes this id: it was stored by a try that was not answered.
        if (!hasCode(error, 'ERR_SESSION_CONFLICT')) throw error;
      }
    },
    write: writes.write,
    async move(from, id, change) {
      const place = placeOf(keys, id, secrets.signing);
      const moved = await moves.move(from, place, change);
      return moved === null ? null : { ...moved, id, place };
    },
    finish: moves.finish,
    end: moves.end,
    userTags: (user) => secrets.all.map((secret) => userTag(user, secret)),
  };
}
