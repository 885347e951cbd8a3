import type { Duplex, Readable } from 'node:stream';
import type { FieldList } from '../http/fields.ts';
import { TEXTS } from './texts.ts';

/** What the client is sent. `Content-Length` and all else stands in `fields`; a stream is sent as it arrives. */
export interface Answer {
  readonly status: number;
  readonly fields: FieldList;
  readonly body: Buffer | Readable | null;
  /** The trailer section (RFC 9110 §6.5), asked for when a streamed body has ended. */
  readonly trailers?: (() => FieldList) | undefined;
  /** For so long the client may read nothing of a streamed body before its connection is cut. */
  readonly stallMs?: number | undefined;
  /** With status 101: the origin's end of the connection, which now speaks another protocol (RFC 9110 §7.8). */
  readonly tunnel?: Duplex | undefined;
}

export type ErrorStatus = keyof typeof TEXTS;

/** An error in the gate's own words: `{"error":"…"}`. */
export function errorAnswer(status: number, text: string, extra: FieldList = []): Answer {
  return jsonAnswer(status, { error: text }, extra);
}

/** An answer of the gate's own, for nobody to keep. */
export function jsonAnswer(status: number, value: unknown, extra: FieldList = []): Answer {
  const body = Buffer.from(JSON.stringify(value));
  return {
    status,
    fields: [
      'Content-Type',
      'application/json',
      'Content-Length',
      String(body.length),
      'Cache-Control',
      'no-store',
      ...extra,
    ],
    body,
  };
}

/** The usual error of a status. */
export function refusal(status: ErrorStatus, extra: FieldList = []): Answer {
  return errorAnswer(status, TEXTS[status], extra);
}
