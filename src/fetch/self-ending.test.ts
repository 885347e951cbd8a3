import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FetchedResponse } from '../response-cache/cache-request.ts';
import { selfEnding } from './self-ending.ts';

const MIB = 1024 * 1024;
const JSON_FIELDS = ['Content-Type', 'application/json; charset=utf-8'];

function uncertain(body: Readable, fields = JSON_FIELDS): FetchedResponse {
  return { status: 200, fields, body, isUncertain: true, requestAt: 0, responseAt: 0 };
}

const inPieces = (content: string, size: number) => {
  const bytes = Buffer.from(content);
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
  return Readable.from(pieces);
};

async function read(response: FetchedResponse): Promise<[boolean, string]> {
  return [response.isUncertain ?? false, await text(response.body)];
}

describe('a content whose end nobody vouches for', () => {
  it('vouches for itself where it is a whole object or array, and loses nothing anyway', async () => {
    const value = fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue()));
    await fc.assert(
      fc.asyncProperty(value, fc.integer({ min: 1, max: 30 }), fc.nat(), async (object, size, cut) => {
        const content = JSON.stringify(object);
        expect(await read(await selfEnding(uncertain(inPieces(content, size)), MIB))).toEqual([
          false,
          content,
        ]);
        const torso = content.slice(0, cut % content.length);
        const [isUncertain, received] = await read(await selfEnding(uncertain(inPieces(torso, size)), MIB));
        expect([isUncertain, Buffer.from(received).toString()]).toEqual([
          true,
          Buffer.from(torso).toString(),
        ]);
      }),
      { numRuns: 50 },
    );
  });

  it.each([
    ['a number, which could go on', '12', JSON_FIELDS],
    ['a text', '{}', ['Content-Type', 'text/plain']],
    ['of no type', '{}', []],
    ['in a coding that is left', '{}', [...JSON_FIELDS, 'Content-Encoding', 'zstd']],
    ['in a transfer coding that is', '{}', [...JSON_FIELDS, 'Transfer-Encoding', 'gzip']],
  ])('is uncertain as before: %s', async (_, content, fields) => {
    expect(
      await read(await selfEnding(uncertain(Readable.from([Buffer.from(content)]), fields), MIB)),
    ).toEqual([true, content]);
  });

  it('of a kind of JSON is of JSON', async () => {
    const fields = ['Content-Type', 'application/vnd.api+json'];
    expect(await read(await selfEnding(uncertain(Readable.from([Buffer.from('[]')]), fields), MIB))).toEqual([
      false,
      '[]',
    ]);
  });

  it('is not held back for long, nor much of it', async () => {
    const slow = new PassThrough();
    slow.write('{"a":');
    const held = await selfEnding(uncertain(slow), MIB);
    slow.end('1}');
    expect(await read(held)).toEqual([true, '{"a":1}']);
    const long = JSON.stringify(['x'.repeat(5_000)]);
    expect(await read(await selfEnding(uncertain(inPieces(long, 100)), 1_000))).toEqual([true, long]);
  });

  it('is let go of with what was read of it', async () => {
    const slow = new PassThrough();
    slow.write('{"a":');
    const { body } = await selfEnding(uncertain(slow), MIB);
    body.destroy();
    await once(slow, 'close');
    expect(slow.destroyed).toBe(true);
  });

  it('that breaks off says so', async () => {
    const broken = new PassThrough();
    broken.write('{"a":');
    const asked = selfEnding(uncertain(broken), MIB);
    broken.destroy(new Error('reset'));
    await expect(asked).rejects.toThrow('reset');
  });
});
