import type { Readable } from 'node:stream';
import type { FieldList } from '../http/fields.ts';

/** A client's request as an adapter hands it over; the platform's own request behind it, not a copy. */
export interface GateRequest {
  readonly method: string;
  /** The request-target as on the request line (RFC 9112 §3.2). */
  readonly target: string;
  /** The address of the connection's other end; empty on a Unix socket, and no address where nobody says it. */
  readonly peer: string;
  /** A field's value by its lower-case name, several lines combined. */
  field(name: string): string | undefined;
  /** All fields as received. */
  readonly fields: FieldList;
  /** The content, if the request has any. */
  readonly body: Readable | null;
  /** Aborted when the client leaves before its answer is complete. */
  readonly signal: AbortSignal;
  /** The protocols that the client would change to (RFC 9110 §7.8), where the adapter can; else `null`. */
  readonly upgrade: string | null;
  /**
   * Sends an interim response (RFC 9110 §15.2) where the client can take it. Does nothing once the final one has
   * begun.
   */
  inform(status: number, fields: FieldList): void;
}
