import { LRUCache } from 'lru-cache';
import { type FieldList, fieldValue } from '../http/fields.ts';
import { parseRetryAfter } from '../http/retry-after.ts';

/** An origin's wish not to be asked for a while. */
export interface Hold {
  readonly status: 429 | 503;
  readonly until: number;
}

/** Whom an origin's refusal is about. */
export interface Refused {
  readonly service: string;
  readonly key: string;
  /** The request carried credentials of the client's own, so that a refusal may be for that client alone. */
  readonly credentialed: boolean;
}

/**
 * What origins have said with `Retry-After` (RFC 9110 §10.2.3): 503 is heeded for its resource, and 429 (RFC 6585 §4)
 * for the whole service, whose budget all share. A refusal of one client's credentials holds nobody up.
 */
export interface OriginHolds {
  note(refused: Refused, status: number, fields: FieldList, limitMs: number, now: number): void;
  find(asked: Refused, now: number): Hold | null;
}

const MAX_HOLDS = 10_000;

export function createOriginHolds(): OriginHolds {
  const holds = new LRUCache<string, Hold>({ max: MAX_HOLDS });
  const standing = (name: string, now: number): Hold | null => {
    const hold = holds.get(name);
    return hold !== undefined && hold.until > now ? hold : null;
  };
  return {
    note({ service, key, credentialed }, status, fields, limitMs, now) {
      if (credentialed || (status !== 429 && status !== 503)) return;
      const value = fieldValue(fields, 'retry-after');
      const waitMs = value === undefined ? undefined : parseRetryAfter(value, now);
      if (waitMs === undefined || Math.min(waitMs, limitMs) < 1) return;
      // A service's name and a key of the store can't be alike: only the key holds a colon.
      holds.set(status === 429 ? service : key, { status, until: now + Math.min(waitMs, limitMs) });
    },
    find({ service, key, credentialed }, now) {
      if (credentialed || holds.size === 0) return null;
      return standing(key, now) ?? standing(service, now);
    },
  };
}
