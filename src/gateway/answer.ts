import type { Readable } from 'node:stream';
import type { FieldList } from '../http/fields.ts';
import { TEXTS } from './texts.ts';

/** What the client is sent. `Content-Length` and all else stands in `fields`; a stream is sent as it arrives. */
export interface Answer {
  readonly status: number;
  readonly fields: FieldList;
  readonly body: Buffer | Readable | null;
}

export type ErrorStatus = keyof typeof TEXTS;

/** An error in the gate's own words: `{"error":"…"}`. */
export function errorAnswer(status: number, text: string, extra: FieldList = []): Answer {
  const body = Buffer.from(JSON.stringify({ error: text }));
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
