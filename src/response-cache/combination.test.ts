import { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { httpDate, PLAIN_POLICY, RECEIVED_AT, responseWith, SECOND } from '../../test/support/exchange.ts';
import { fieldValue } from '../http/fields.ts';
import type { CacheRequest, FetchedResponse } from './cache-request.ts';
import { completed, withStoredPart } from './combination.ts';
import type { StoredResponse } from './stored-form.ts';

const REQUEST = { policy: PLAIN_POLICY } as CacheRequest;
const ALPHABET = Buffer.from('abcdefghijklmnopqrstuvwxyz');

/** What an origin would send of the alphabet; later than what is stored. */
function part(
  first: number,
  last: number,
  fields: Record<string, string> = {},
  length: number | '*' = 26,
): StoredResponse {
  const range = { 'Content-Range': `bytes ${first}-${last}/${length}` };
  const size = { 'Content-Length': String(last - first + 1) };
  const response = responseWith({ ETag: '"1"', ...range, ...size, ...fields }, { status: 206 });
  return { ...response, body: ALPHABET.subarray(first, last + 1) };
}

const fetched = (response: StoredResponse, chunks: readonly Buffer[] = [response.body]): FetchedResponse => ({
  ...response,
  body: Readable.from(chunks),
});
const collect = async (body: Readable) => Buffer.concat(await body.toArray()).toString();
const framing = ({ status, fields }: { status: number; fields: readonly string[] }) => [
  status,
  fieldValue(fields, 'content-range'),
  fieldValue(fields, 'content-length'),
];

describe('a part that completes a stored one (RFC 9111 §3.4)', () => {
  it.each<[string, StoredResponse, StoredResponse]>([
    ['the end', part(0, 9), part(10, 25)],
    ['the beginning', part(10, 25), part(0, 9)],
    ['more than what was missing', part(0, 9), part(5, 25)],
    ['all of it', part(0, 9), part(0, 25)],
    ['around it', part(5, 9), part(0, 25)],
    ['of a whole whose length was not known', part(0, 9, {}, '*'), part(10, 25)],
    ['where the new one does not say the length', part(0, 9), part(10, 25, {}, '*')],
  ])('%s: the whole', async (_name, stored, received) => {
    const whole = completed(REQUEST, stored, fetched(received))!;
    expect(framing(whole)).toEqual([200, undefined, '26']);
    expect(await collect(whole.body)).toBe(ALPHABET.toString());
  });

  it.each<[string, StoredResponse, StoredResponse]>([
    ['still not all', part(0, 9), part(10, 14)],
    ['a gap', part(0, 9), part(11, 25)],
    ['another representation', part(0, 9), part(10, 25, { ETag: '"2"' })],
    ['a weak tag', part(0, 9, { ETag: 'W/"1"' }), part(10, 25, { ETag: 'W/"1"' })],
    ['no tag', part(0, 9), part(10, 25, { ETag: '' })],
    ['another length', part(0, 9), part(10, 25, {}, 27)],
    ['a length that it does not have', part(0, 9), part(10, 25, { 'Content-Length': '15' })],
    ['a whole', part(0, 9), { ...part(0, 25), status: 200 }],
    ['an error', part(0, 9), { ...part(10, 25), status: 416 }],
    ['several parts', part(0, 9), part(10, 25, { 'Content-Range': '' })],
    ['to a whole', { ...part(0, 25), status: 200 }, part(10, 25)],
  ])('%s: nothing', (_name, stored, received) => {
    expect(completed(REQUEST, stored, fetched(received))).toBeNull();
  });

  it.each([
    ['shorter', ['klmno']],
    ['longer', ['klmnopqrstuvwxy', 'zz']],
    ['empty', []],
  ])('fails when its body is %s than it says', async (_name, chunks) => {
    const received = part(10, 25);
    const fields = received.fields.filter((_, i, all) => all[i - (i % 2)] !== 'Content-Length');
    const source = fetched(
      { ...received, fields },
      chunks.map((text) => Buffer.from(text)),
    );
    const whole = completed(REQUEST, part(0, 9), source)!;
    await expect(collect(whole.body)).rejects.toThrow('not as long');
  });

  it('fails when its body does', async () => {
    const broken = new Readable({ read() {} });
    const whole = completed(REQUEST, part(0, 9), { ...part(10, 25), body: broken })!;
    const reading = collect(whole.body);
    broken.push('klm');
    await turn();
    broken.destroy(new Error('cut'));
    await expect(reading).rejects.toThrow('cut');
  });

  it('lets go of the origin where nobody wants it, read or not', async () => {
    for (const begins of [true, false]) {
      const source = new Readable({ read() {} });
      const whole = completed(REQUEST, part(0, 9), { ...part(10, 25), body: source })!;
      if (begins) whole.body.read();
      whole.body.destroy();
      await expect.poll(() => source.destroyed).toBe(true);
    }
  });

  it('renews fields and times as a 304 would, but not what describes one content (§3.2)', () => {
    const old = part(0, 9, { 'Content-Encoding': 'gzip', 'X-Old': '1', 'Content-Digest': 'x', Age: '9' });
    const renewing = part(10, 25, {
      'X-New': '1',
      Date: httpDate(5 * SECOND),
      'Content-Digest': 'y',
      'Set-Cookie': 'a=1',
    });
    const whole = completed(REQUEST, old, { ...fetched(renewing), responseAt: RECEIVED_AT + 7 })!;
    expect(whole.responseAt).toBe(RECEIVED_AT + 7);
    const names = ['date', 'content-encoding', 'x-old', 'x-new', 'content-digest', 'age', 'set-cookie'];
    const values = names.map((name) => fieldValue(whole.fields, name));
    // The cookie is for the client that the part was fetched for, and keeps the whole out of the store.
    expect(values).toEqual([httpDate(5 * SECOND), 'gzip', '1', '1', undefined, undefined, 'a=1']);
  });
});

describe('what is stored of a new part', () => {
  it.each<[string, StoredResponse | null, StoredResponse, unknown[], string]>([
    ['alone', null, part(5, 9), [206, 'bytes 5-9/26', '5'], 'fghij'],
    ['after the stored one', part(0, 4), part(5, 9), [206, 'bytes 0-9/26', '10'], 'abcdefghij'],
    ['before it', part(5, 9), part(0, 4), [206, 'bytes 0-9/26', '10'], 'abcdefghij'],
    ['over it', part(2, 6), part(5, 9), [206, 'bytes 2-9/26', '8'], 'cdefghij'],
    ['under it', part(5, 9), part(2, 6), [206, 'bytes 2-9/26', '8'], 'cdefghij'],
    ['within it', part(0, 9), part(3, 4), [206, 'bytes 0-9/26', '10'], 'abcdefghij'],
    ['away from it: the newer one', part(0, 4), part(6, 9), [206, 'bytes 6-9/26', '4'], 'ghij'],
    [
      'of another: the newer one',
      part(0, 4, { ETag: '"0"' }),
      part(5, 9),
      [206, 'bytes 5-9/26', '5'],
      'fghij',
    ],
    ['that makes it whole', part(0, 9), part(10, 25), [200, undefined, '26'], ALPHABET.toString()],
    ['beside a whole', { ...part(0, 25), status: 200 }, part(5, 9), [206, 'bytes 5-9/26', '5'], 'fghij'],
    [
      'of an unknown whole',
      part(0, 4, {}, '*'),
      part(5, 9, {}, '*'),
      [206, 'bytes 0-9/*', '10'],
      'abcdefghij',
    ],
  ])('%s', (_name, stored, received, expected, body) => {
    const kept = withStoredPart(REQUEST, stored, received);
    expect(framing(kept)).toEqual(expected);
    expect(kept.body.toString()).toBe(body);
  });
});

it('whatever parts come, what is kept says exactly what it is', () => {
  const bounds = fc
    .tuple(fc.nat(25), fc.nat(25))
    .map((each) => each.sort((a, b) => a - b) as [number, number]);
  fc.assert(
    fc.property(fc.array(bounds, { minLength: 1, maxLength: 8 }), (all) => {
      let kept: StoredResponse | null = null;
      for (const [first, last] of all) kept = withStoredPart(REQUEST, kept, part(first, last));
      const range = fieldValue(kept!.fields, 'content-range');
      const [first, last] =
        kept!.status === 200 ? [0, 25] : /(\d+)-(\d+)\/26$/.exec(range!)!.slice(1).map(Number);
      expect(kept!.body).toEqual(ALPHABET.subarray(first, last! + 1));
      expect(fieldValue(kept!.fields, 'content-length')).toBe(String(kept!.body.length));
    }),
    { numRuns: 1000 },
  );
});
