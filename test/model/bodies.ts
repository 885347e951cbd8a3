import { Readable } from 'node:stream';

/**
 * A body as an origin sends it, in one piece or two.
 * @param ends whether it comes to an end, or breaks off with an error
 */
export function bodyOf(text: string, { pieces, ends }: { pieces: 1 | 2; ends: boolean }): Readable {
  const left = (pieces === 1 ? [text] : [text.slice(0, 9), text.slice(9)]).filter((piece) => piece !== '');
  return new Readable({
    read() {
      const piece = left.shift();
      if (piece !== undefined) this.push(Buffer.from(piece, 'latin1'));
      else if (ends) this.push(null);
      else this.destroy(new Error('broken off'));
    },
  });
}

/** Reads a body to its end; `null` for one that breaks off. */
export async function readBody(body: Buffer | Readable | null): Promise<string | null> {
  if (body === null) return '';
  if (Buffer.isBuffer(body)) return body.toString('latin1');
  return new Promise((resolve) => {
    let text = '';
    body.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    body.on('end', () => resolve(text));
    body.on('error', () => resolve(null));
  });
}
