export type JsonReading =
  | { readonly ok: true; readonly document: unknown }
  /** `lack` says why not, for a log. */
  | { readonly ok: false; readonly lack: string };

/**
 * Reads an answer's body as JSON, of so many bytes at most; whoever asked bounds the time by the request's signal.
 *
 * @throws whatever breaks the body off
 */
export async function readJson(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<JsonReading> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    // Leaving the loop closes the connection: the rest is not read.
    if (length > maxBytes) return { ok: false, lack: `a body of more than ${maxBytes} bytes` };
    chunks.push(chunk);
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
    return { ok: true, document: JSON.parse(text) };
  } catch {
    return { ok: false, lack: 'a body that is no JSON' };
  }
}

// RFC 8259, and the suffix of RFC 6839 §3.1; parameters say nothing here: JSON is UTF-8.
const JSON_TYPE = /^application\/(?:json|[\w.!#$&^-]+\+json)[ \t]*(?:;|$)/i;

/** @param contentType one for each line of the field */
export function isJsonType(contentType: readonly string[]): boolean {
  return contentType.length === 1 && JSON_TYPE.test(contentType[0]!);
}
