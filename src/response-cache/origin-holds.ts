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
  /** The service, where its origin sees one budget whoever the client is; else `null`. */
  readonly service: string | null;
  /** What all requests of the resource have alike that the origin can't tell apart. */
  readonly likeness: () => string;
}

/**
 * What origins have said with `Retry-After` (RFC 9110 §10.2.3): a 429 (RFC 6585 §4) is heeded for the whole service
 * where the budget is the service's own, and else, as a 503, for requests that look the same to the origin: nobody is
 * held up by what another client's fields have caused.
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
    note({ service, likeness }, status, fields, limitMs, now) {
      if (status !== 429 && status !== 503) return;
      const value = fieldValue(fields, 'retry-after');
      const waitMs = value === undefined ? undefined : parseRetryAfter(value, now);
      if (waitMs === undefined || Math.min(waitMs, limitMs) < 1) return;
      // A service's name and a key of the store can't be alike: only the key holds a colon.
      const name = status === 429 && service !== null ? service : likeness();
      holds.set(name, { status, until: now + Math.min(waitMs, limitMs) });
    },
    find({ service, likeness }, now) {
      if (holds.size === 0) return null;
      return standing(likeness(), now) ?? (service === null ? null : standing(service, now));
    },
  };
}
