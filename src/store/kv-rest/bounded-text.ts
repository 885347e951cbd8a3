import { unavailable } from './rest-errors.ts';

/**
 * The whole of an answer.
 *
 * @throws CachegateError `ERR_STORE_UNAVAILABLE` when it is longer than `maxBytes`
 */
export async function boundedText({ body }: Response, maxBytes: number): Promise<string> {
  if (body === null) return '';
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks, length).toString();
    length += value.length;
    if (length > maxBytes) {
      await reader.cancel();
      throw unavailable('Answer of the store is too long');
    }
    chunks.push(value);
  }
}
