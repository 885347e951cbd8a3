import { describe, expect, it } from 'vitest';
import { type Body, contentOf, readContent } from './request-content.ts';

const URI = 'http://api.test/';

async function read(body: Body, maxBytes: number) {
  const request = new Request(URI, { method: 'POST', body, duplex: 'half' });
  return readContent(request, contentOf(request, body), maxBytes, new AbortController().signal);
}
const text = (body: unknown) => new Response(body as Body).text();
const stream = (...pieces: string[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(Buffer.from(piece));
      controller.close();
    },
  });

describe('the content of a request', () => {
  it('is read where it is short', async () => {
    for (const body of ['abc', Buffer.from('abc'), new Blob(['abc']), stream('a', 'bc'), stream('abc')]) {
      const content = await read(body, 3);
      expect(content.kind === 'read' && Buffer.from(content.bytes).toString()).toBe('abc');
    }
  });

  it('is sent on whole where it is longer, a stream with what was read of it', async () => {
    for (const body of ['abcd', new Blob(['abcd']), stream('ab', 'cd'), stream('abc', 'd')]) {
      const content = await read(body, 3);
      const left = content.kind === 'longer' ? content.content : null;
      expect(await text(left !== null && left.kind !== 'request' ? left.body : null)).toBe('abcd');
    }
  });

  it('is what it was when fetch was called', async () => {
    const bytes = Buffer.from('abc');
    const request = new Request(URI, { method: 'POST', body: bytes });
    const content = contentOf(request, bytes);
    bytes.fill('x');
    expect(await text(content?.kind === 'whole' ? content.body : null)).toBe('abc');
  });

  it('of a request made before is told by its length alone to the runtime', () => {
    const request = new Request(URI, { method: 'POST', body: 'abc' });
    expect(contentOf(request, undefined)).toEqual({ kind: 'request', request });
    expect(contentOf(new Request(URI), null)).toBeNull();
  });
});
