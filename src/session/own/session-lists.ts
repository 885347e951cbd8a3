import { hashTagOf, type StoreKeys } from '../../store/keys.ts';
import type { Store } from '../../store/store.ts';
import type { EndedSessions } from './ended-sessions.ts';
import type { SessionInfo } from './session.ts';
import { decodeRecord } from './session-record.ts';
import { SESSION_KIND, type SessionRecords } from './session-records.ts';

export interface SessionLists {
  /** As `Sessions.list`. @throws CachegateError `ERR_STORE_*` */
  list(
    user: string | null,
    cursor: string | null,
  ): Promise<{ sessions: SessionInfo[]; cursor: string | null }>;
  /** As `Sessions.endAll`. @throws CachegateError `ERR_STORE_*` */
  endAll(user: string): Promise<number>;
}

export interface SessionListsOptions {
  readonly store: Store;
  readonly keys: StoreKeys;
  readonly records: SessionRecords;
  readonly ended: EndedSessions;
}

/** Finds sessions by the tags that they have: a user's own, or one of those that share all sessions. */
export function createSessionLists({ store, keys, records, ended }: SessionListsOptions): SessionLists {
  async function infosOf(bases: readonly string[], user: string | null): Promise<SessionInfo[]> {
    if (bases.length === 0) return [];
    const values = await store.get(bases);
    return bases.flatMap((key, i) => {
      const bytes = values[i]?.bytes;
      const record = bytes === undefined ? null : decodeRecord(bytes);
      if (record === null || records.isOver(record) || (user !== null && record.user !== user)) return [];
      const { seenAt, createdAt, roles } = record;
      const reference = hashTagOf(key);
      const expiresAt = records.expiresAt(record);
      return [{ reference, user: record.user, roles, createdAt, seenAt, expiresAt }];
    });
  }

  async function endTagged(tag: string): Promise<number> {
    let count = 0;
    let cursor: string | null = null;
    do {
      const part: Awaited<ReturnType<Store['members']>> = await store.members(tag, cursor);
      for (const base of part.bases) ended.add(base);
      // One by one, so that every process is told which have ended.
      if (part.bases.length > 0) count += await store.drop(part.bases);
      cursor = part.cursor;
    } while (cursor !== null);
    // What was begun since its part was read.
    return count + (await store.dropTagged([tag]));
  }

  return {
    async list(user, cursor) {
      const tags = user === null ? keys.sessionTags(SESSION_KIND) : records.userTags(user);
      let { index, inner } = parseCursor(cursor, tags.length);
      for (; index < tags.length; index++, inner = null) {
        const part = await store.members(tags[index]!, inner);
        const sessions = await infosOf(part.bases, user);
        const next = part.cursor !== null ? `${index}.${part.cursor}` : `${index + 1}.`;
        const isLast = part.cursor === null && index + 1 === tags.length;
        if (sessions.length > 0 || part.cursor !== null || isLast) {
          return { sessions, cursor: isLast ? null : next };
        }
      }
      return { sessions: [], cursor: null };
    },
    async endAll(user) {
      let count = 0;
      for (const tag of records.userTags(user)) count += await endTagged(tag);
      return count;
    },
  };
}

function parseCursor(cursor: string | null, tags: number): { index: number; inner: string | null } {
  if (cursor === null) return { index: 0, inner: null };
  const [, index = '', inner = ''] = /^(\d{1,3})\.(.*)$/s.exec(cursor) ?? [];
  // What is none of ours leads to the end.
  return { index: index === '' ? tags : Number(index), inner: inner === '' ? null : inner };
}
