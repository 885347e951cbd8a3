import type { IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'undici';

/** Twenty-six bytes, each of which says where it stands. */
export const ALPHABET = 'abcdefghijklmnopqrstuvwxyz';

/** How long a test waits for what will happen: a busy machine may take its time. */
export const PATIENT = { timeout: 10_000 };

/** What a test's origin holds, and how it was asked. */
export interface RangedOrigin {
  content: string;
  /** Sent with every answer; its `ETag` is what `If-Range` is compared with. */
  fields: Record<string, string>;
  /** It breaks off every connection. */
  away: boolean;
  /** The `Range` and `If-Range` of each request, or `all`. */
  readonly ranges: string[];
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void;
}

/** An origin that answers single byte ranges (RFC 9110 §14.2), and a condition on its `ETag` with 304. */
export function createRangedOrigin(fields: Record<string, string>, content = ALPHABET): RangedOrigin {
  const origin: RangedOrigin = {
    content,
    fields,
    away: false,
    ranges: [],
    listener(request, response) {
      const { range, 'if-range': ifRange, 'if-none-match': noneMatch } = request.headers;
      origin.ranges.push(
        range === undefined ? 'all' : `${range}${ifRange === undefined ? '' : ` if ${ifRange}`}`,
      );
      if (origin.away) return void request.socket.destroy();
      const etag = origin.fields.ETag;
      if (noneMatch !== undefined && noneMatch === etag)
        return void response.writeHead(304, origin.fields).end();
      const applies = ifRange === undefined || ifRange === etag;
      sendRange(response, origin, request.method === 'GET' && applies ? range : undefined);
    },
  };
  return origin;
}

function sendRange(
  response: ServerResponse,
  { content, fields }: RangedOrigin,
  range: string | undefined,
): void {
  const match = /^bytes=(\d*)-(\d*)$/.exec(range ?? '');
  if (match === null) {
    response.writeHead(200, { ...fields, 'Content-Length': String(content.length) }).end(content);
    return;
  }
  const [, from, to] = match as unknown as [string, string, string];
  const first = from === '' ? Math.max(0, content.length - Number(to)) : Number(from);
  const last = from === '' || to === '' ? content.length - 1 : Math.min(Number(to), content.length - 1);
  if (first > last) {
    response.writeHead(416, { ...fields, 'Content-Range': `bytes */${content.length}` }).end();
    return;
  }
  sendPart(response, fields, `bytes ${first}-${last}/${content.length}`, content.slice(first, last + 1));
}

/** A 206 that may say anything of itself. */
export function sendPart(
  response: ServerResponse,
  fields: Record<string, string>,
  contentRange: string,
  content: string,
): void {
  const framing = { 'Content-Range': contentRange, 'Content-Length': String(content.length) };
  response.writeHead(206, { ...fields, ...framing }).end(content);
}

/** What of an answer the tests of ranges look at. */
export interface Seen {
  readonly status: number;
  readonly body: string;
  readonly range: string | undefined;
  readonly length: string | undefined;
  /** The `Cache-Status` up to its second parameter: `hit`, or why it was forwarded. */
  readonly by: string;
  readonly headers: Record<string, string | string[] | undefined>;
}

/** Asks with these fields and no others: `fetch` has directives and codings of its own. */
export async function ask(
  url: string,
  headers: Record<string, string> = {},
  method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE' = 'GET',
): Promise<Seen> {
  const { statusCode, headers: received, body } = await request(url, { method, headers });
  const text = await body.text();
  const one = (name: string) => received[name] as string | undefined;
  return {
    status: statusCode,
    body: text,
    range: one('content-range'),
    length: one('content-length'),
    by: one('cache-status')?.split(';')[1]?.trim() ?? '',
    headers: received,
  };
}
