import type { Field, RequestFields } from './message.ts';

/** What an origin answered. */
export interface OriginAnswer {
  readonly status: number;
  /** As they came, those of the connection included. */
  readonly fields: readonly Field[];
  /** One character a byte. */
  readonly body: string;
  /** The body came to its end, and is as long as it was said to be. */
  readonly complete: boolean;
}

/** A request that reached the origin, and what became of it. `…Order` are the places of events in the one sequence of all. */
export interface Exchange {
  readonly id: number;
  /** Which of the resources. */
  readonly resource: number;
  readonly method: string;
  /** What the client sent. */
  readonly request: RequestFields;
  /** What the cache added of its own. */
  readonly added: RequestFields;
  /** The number of the client's request. */
  readonly caller: number;
  readonly sentAt: number;
  readonly sentOrder: number;
  answeredAt: number;
  answeredOrder: number;
  /** `null` while it is under way, and for ever when the connection failed. */
  answer: OriginAnswer | null;
}

/** What a client asked, and what it got. */
export interface ClientRecord {
  readonly id: number;
  readonly step: number;
  readonly resource: number;
  readonly method: string;
  readonly request: RequestFields;
  readonly beganOrder: number;
  answeredOrder: number;
  /** What the clock showed from the beginning to the answer. */
  readonly seen: number[];
  /** Whether others were under way in the same step. */
  readonly alone: boolean;
  answer: CacheReply | null;
  /** When there was nothing to answer with. */
  error: unknown;
}

export interface CacheReply {
  readonly status: number;
  readonly fields: readonly Field[];
  /** `null` when it broke off, or for HEAD. */
  body: string | null;
  readonly hit: boolean;
  readonly stored: boolean;
  readonly collapsed: boolean;
  /** `only-if-cached` or `retry-after`, where the cache answers in its own name. */
  readonly detail: string | undefined;
}

/** Every field section that an origin sends carries one of these, so that an answer shows what it was made of. */
export const TRACE = 'trace-';

/** The ids of the exchanges whose fields are in an answer, the oldest first. */
export function traced(fields: readonly Field[]): number[] {
  const ids = fields
    .filter(([name]) => name.startsWith(TRACE))
    .map(([name]) => Number(name.slice(TRACE.length)));
  return ids.sort((a, b) => a - b);
}
