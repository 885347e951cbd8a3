import { pipeline, type Readable, type Transform } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { type FieldList, fieldValue } from '../http/fields.ts';
import { unreadableOrigin } from '../response-cache/origin-error.ts';

/** How a response's content is coded for its transfer, beside what the parser has undone (RFC 9112 §6.1). */
export interface TransferCoding {
  /** The parser read the content in chunks, so that there may be trailers; else up to a length or the close. */
  readonly chunked: boolean;
  /** To be undone before the content is used; `null`: nothing is. */
  readonly decoder: (() => Transform) | null;
}

export const UNCODED: TransferCoding = { chunked: false, decoder: null };
const CHUNKED: TransferCoding = { chunked: true, decoder: null };

const DECODERS = new Map<string, () => Transform>([
  ['gzip', () => createGunzip()],
  ['x-gzip', () => createGunzip()],
  ['deflate', () => createInflate()],
]);

/**
 * Reads a response's `Transfer-Encoding`. What no one here can decode is passed on as it was read in `rfc` mode.
 *
 * @throws CachegateError `ERR_ORIGIN_PROTOCOL` where chunks are not the outermost coding (RFC 9112 §6.1), where no
 * coding is named, and, in `safe` mode, for any but one compression
 */
export function transferCodingOf(fields: FieldList, mode: 'safe' | 'rfc'): TransferCoding {
  const value = fieldValue(fields, 'transfer-encoding');
  if (value === undefined) return UNCODED;
  if (value === 'chunked') return CHUNKED;
  const chunked = ENDS_CHUNKED.test(value);
  const codings = value
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '');
  if (chunked) codings.pop();
  // What the parser did not take for chunks, or only the outermost of, would be given out with their framing in it.
  if (codings.some((coding) => MENTIONS_CHUNKED.test(coding))) throw unreadable(value);
  if (codings.length === 0 && !chunked) throw unreadable(value);
  const decoder = codings.length === 1 ? DECODERS.get(codings[0]!) : undefined;
  if (decoder !== undefined) return { chunked, decoder };
  if (codings.length > 0 && mode === 'safe') throw unreadable(value);
  return chunked ? CHUNKED : UNCODED;
}

/** The content without its transfer coding. It fails where the content does; destroyed, it destroys the content. */
export function withoutCoding(body: Readable, { decoder }: TransferCoding): Readable {
  if (decoder === null) return body;
  const decoded = pipeline(body, decoder(), () => {});
  return decoded.on('error', () => {});
}

// When undici's parser reads chunks: it knows no tab after the name, no parameter and no empty element after it.
const ENDS_CHUNKED = /(?:^|,)[ \t]*chunked *$/i;
const MENTIONS_CHUNKED = /(?<![^ \t])chunked(?![^ \t;])/;

function unreadable(value: string): Error {
  return unreadableOrigin(`Transfer-Encoding: ${value.slice(0, 100)}`);
}
