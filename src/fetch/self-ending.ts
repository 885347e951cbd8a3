import { Readable } from 'node:stream';
import { type FieldList, fieldValue, hasField } from '../http/fields.ts';
import type { FetchedResponse } from '../response-cache/cache-request.ts';

// So much of a content, and for so long, is held back to see whether it ends.
const HELD_BYTES = 1024 * 1024;
const HELD_MS = 1_000;

/**
 * A response whose length nothing tells, as of most over HTTP/2. Its end may be a break: undici takes a stream that was reset
 * with NO_ERROR or CANCEL for one that has ended, and the close of a connection of HTTP/1 has no other form. A content of
 * JSON tells by itself whether it is whole, for no beginning of an object or an array is one. What is longer, or takes longer, goes on in pieces, as uncertain as before.
 *
 * @throws what the content breaks off with
 */
export async function selfEnding(response: FetchedResponse, maxBytes: number): Promise<FetchedResponse> {
  if (!isPlainJson(response.fields)) return response;
  const { body } = response;
  const { pieces, ended } = await beginningOf(body, Math.min(maxBytes, HELD_BYTES));
  const bytes = Buffer.concat(pieces);
  if (ended) {
    return { ...response, body: Readable.from([bytes]), ...(isWhole(bytes) && { isUncertain: false }) };
  }
  return { ...response, body: resumed(bytes, body) };
}

/** A content of which the beginning was read. */
function resumed(beginning: Buffer, rest: Readable): Readable {
  async function* pieces() {
    yield beginning;
    yield* rest;
  }
  const all = Readable.from(pieces(), { objectMode: false });
  // One that is let go of before it is read lets go of the rest too.
  return all.once('close', () => rest.destroy());
}

const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json *(?:;|$)/i;

/** With a coding that is left the content is another than its type says. */
function isPlainJson(fields: FieldList): boolean {
  if (hasField(fields, 'content-encoding') || hasField(fields, 'transfer-encoding')) return false;
  return JSON_TYPE.test(fieldValue(fields, 'content-type') ?? '');
}

function isWhole(bytes: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(bytes.toString());
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}

interface Beginning {
  readonly pieces: readonly Buffer[];
  /** It is all there is. */
  readonly ended: boolean;
}

function beginningOf(body: Readable, maxBytes: number): Promise<Beginning> {
  const pieces: Buffer[] = [];
  let length = 0;
  return new Promise((resolve, reject) => {
    const onReadable = () => {
      for (let piece = body.read(); piece !== null; piece = body.read()) {
        pieces.push(piece);
        length += piece.length;
      }
      if (length > maxBytes) leave(false);
    };
    const onEnd = () => leave(true);
    const onClose = () => leave(false);
    const onError = (error: Error) => {
      reject(error);
      leave(false);
    };
    const timer = setTimeout(onClose, HELD_MS);
    body.on('readable', onReadable).on('end', onEnd).on('close', onClose).on('error', onError);
    function leave(ended: boolean): void {
      clearTimeout(timer);
      body.off('readable', onReadable).off('end', onEnd).off('close', onClose).off('error', onError);
      resolve({ pieces, ended });
    }
  });
}
