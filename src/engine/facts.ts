import type { FieldList } from '../http/fields.ts';

/** What the engine asks of a request. */
export interface RequestFacts {
  readonly method: string;
  /** A field's value, several lines combined; `undefined` when it is not there. */
  field(lowerName: string): string | undefined;
  /**
   * The request's content is part of the cache key, as its service asks for: a response answers every request of the
   * same method, target and content.
   */
  readonly contentKeyed?: boolean;
}

/** The GET that a request of another method stands for where its response may answer GETs. */
export function asGet(request: RequestFacts): RequestFacts {
  return { method: 'GET', field: (lowerName) => request.field(lowerName) };
}

/** What the engine asks of a response, received or stored. Instants are in milliseconds since the epoch. */
export interface ResponseFacts {
  readonly status: number;
  readonly fields: FieldList;
  /** When the request that it answers was sent (`request_time` of RFC 9111 §4.2.3). */
  readonly requestAt: number;
  /** When its header section was received (`response_time`). */
  readonly responseAt: number;
}
