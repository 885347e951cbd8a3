import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PLAIN_POLICY, RECEIVED_AT, requestWith, responseWith } from '../../test/support/exchange.ts';
import { assessResponse } from '../engine/assessment.ts';
import { fieldValue } from '../http/fields.ts';
import { createByteBudget } from './byte-budget.ts';
import { fromArriving, fromEntry, held } from './cache-answers.ts';
import type { CacheAnswer, CacheRequest } from './cache-request.ts';
import { arrivingOf } from './fill.ts';
import { toEntry } from './lookup.ts';
import type { StoredResponse } from './stored-form.ts';

const ALPHABET = Buffer.from('abcdefghijklmnopqrstuvwxyz');
const PLAN = { action: 'forward', fwd: 'uri-miss', mayStore: true } as const;

const asking = (fields: Record<string, string> = {}, method = 'GET') =>
  ({
    facts: requestWith(fields, method),
    headOnly: method === 'HEAD',
    policy: PLAIN_POLICY,
    maxBodyBytes: 1_000,
    stallMs: 1_000,
    present: (all: readonly string[]) => all,
  }) as CacheRequest;

function stored(fields: Record<string, string> = {}, status = 200, body = ALPHABET): StoredResponse {
  const all = { 'Cache-Control': 'max-age=60', 'Content-Type': 'text/plain', ETag: '"1"', ...fields };
  return { ...responseWith(all, { status }), body };
}

/** The same response once from the store, and once as it arrives. */
const WAYS: [string, (request: CacheRequest, response: StoredResponse) => CacheAnswer][] = [
  [
    'stored',
    (request, response) => fromEntry(request, toEntry(request, response, response.body), RECEIVED_AT),
  ],
  [
    'arriving',
    (request, response) => {
      const { fields, body, status } = response;
      const known = fieldValue(fields, 'content-length') === undefined;
      const all = known ? [...fields, 'Content-Length', String(body.length)] : fields;
      const fetched = { ...response, fields: all, body: Readable.from(pieces(body), { objectMode: false }) };
      const assessment = assessResponse(requestWith(), fetched, PLAIN_POLICY);
      const landing = arrivingOf(request, fetched, assessment, {
        fwdStatus: status,
        budget: createByteBudget(1_000_000),
        onAbandoned: () => {},
      });
      return fromArriving(request, landing, PLAN, { fields: all });
    },
  ],
];

function* pieces(body: Buffer) {
  for (let at = 0; at < body.length; at += 5) yield body.subarray(at, at + 5);
}

async function textOf({ body }: CacheAnswer): Promise<string | null> {
  if (body === null || Buffer.isBuffer(body)) return body?.toString() ?? null;
  return Buffer.concat(await body.toArray()).toString();
}

const field = ({ fields }: CacheAnswer, name: string) => fieldValue(fields, name);

describe.each(WAYS)('a range of a response that is %s (RFC 9110 §15.3.7)', (_way, answer) => {
  it.each([
    ['bytes=0-4', 'abcde', 'bytes 0-4/26'],
    ['bytes=4-5', 'ef', 'bytes 4-5/26'],
    ['bytes=5-9', 'fghij', 'bytes 5-9/26'],
    ['bytes=3-22', 'defghijklmnopqrstuvw', 'bytes 3-22/26'],
    ['bytes=25-', 'z', 'bytes 25-25/26'],
    ['bytes=-2', 'yz', 'bytes 24-25/26'],
    ['bytes=0-99', ALPHABET.toString(), 'bytes 0-25/26'],
  ])('%s', async (range, expected, contentRange) => {
    const given = answer(asking({ range }), stored());
    expect([given.status, field(given, 'content-range')]).toEqual([206, contentRange]);
    expect(field(given, 'content-length')).toBe(String(expected.length));
    expect(await textOf(given)).toBe(expected);
    expect(field(given, 'etag')).toBe('"1"');
  });

  it('beyond its end is a 416 that tells the length, and nothing of the content (§15.5.17)', async () => {
    const given = answer(asking({ range: 'bytes=26-' }), stored({ 'Content-Encoding': 'br' }));
    expect([given.status, field(given, 'content-range')]).toEqual([416, 'bytes */26']);
    expect([field(given, 'content-length'), await textOf(given)]).toEqual(['0', null]);
    for (const name of ['content-type', 'content-encoding']) expect(field(given, name)).toBeUndefined();
  });

  it('is one of the encoded content, and says so (§14.2)', async () => {
    const given = answer(asking({ range: 'bytes=0-1' }), stored({ 'Content-Encoding': 'br' }));
    expect([given.status, field(given, 'content-encoding'), await textOf(given)]).toEqual([206, 'br', 'ab']);
  });

  it('has no digest of the whole content (RFC 9530 §2)', () => {
    const digests = { 'Content-Digest': 'sha-256=:x:', 'Content-MD5': 'x', 'Repr-Digest': 'sha-256=:y:' };
    const given = answer(asking({ range: 'bytes=0-1' }), stored(digests));
    const found = Object.keys(digests).map((name) => field(given, name.toLowerCase()));
    expect(found).toEqual([undefined, undefined, 'sha-256=:y:']);
  });

  it('yields to a condition that is met (§13.2.2)', async () => {
    const given = answer(asking({ range: 'bytes=0-1', 'if-none-match': '"1"' }), stored());
    expect([given.status, await textOf(given)]).toEqual([304, null]);
    for (const name of ['content-length', 'content-range', 'content-type']) {
      expect(field(given, name)).toBeUndefined();
    }
    expect(answer(asking({ range: 'bytes=0-1', 'if-none-match': '"2"' }), stored()).status).toBe(206);
  });

  it.each([404, 203, 301])('of a %i is none', async (status) => {
    const given = answer(asking({ range: 'bytes=0-1' }), stored({}, status));
    expect([given.status, field(given, 'content-range')]).toEqual([status, undefined]);
    expect(await textOf(given)).toBe(ALPHABET.toString());
  });

  it('is none for HEAD (§14.2)', () => {
    const given = answer(asking({ range: 'bytes=0-1' }, 'HEAD'), stored());
    expect([given.status, field(given, 'content-length')]).toEqual([200, '26']);
  });

  it('whatever is asked, is what its fields say', async () => {
    const spec = fc.oneof(
      fc.tuple(fc.nat(30), fc.nat(30)).map(([first, last]) => `${first}-${last}`),
      fc.nat(30).map((first) => `${first}-`),
      fc.nat(30).map((suffix) => `-${suffix}`),
    );
    const ranges = fc.array(spec, { minLength: 1, maxLength: 3 }).map((specs) => `bytes=${specs.join()}`);
    await fc.assert(
      fc.asyncProperty(ranges, async (range) => {
        const given = answer(asking({ range }), stored());
        const text = (await textOf(given)) ?? '';
        expect(field(given, 'content-length')).toBe(String(text.length));
        const said = /^bytes (\d+)-(\d+)\/26$/.exec(field(given, 'content-range') ?? '');
        if (given.status === 200) expect(text).toBe(ALPHABET.toString());
        if (given.status === 206)
          expect(text).toBe(ALPHABET.toString().slice(Number(said![1]), Number(said![2]) + 1));
        expect([200, 206, 416]).toContain(given.status);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a range of a stored part', () => {
  const part = stored(
    { 'Content-Range': 'bytes 5-14/26', 'Content-Length': '10' },
    206,
    ALPHABET.subarray(5, 15),
  );
  const answered = (fields: Record<string, string>) =>
    fromEntry(asking(fields), toEntry(asking(), part, part.body), RECEIVED_AT);

  it.each([
    ['bytes=5-14', 'fghijklmno', 'bytes 5-14/26'],
    ['bytes=5-5', 'f', 'bytes 5-5/26'],
    ['bytes=10-14', 'klmno', 'bytes 10-14/26'],
  ])('%s', async (range, expected, contentRange) => {
    const given = answered({ range });
    expect([given.status, field(given, 'content-range')]).toEqual([206, contentRange]);
    expect([field(given, 'content-length'), await textOf(given)]).toEqual([
      String(expected.length),
      expected,
    ]);
  });

  it('beyond the end of the whole is a 416', () => {
    const given = answered({ range: 'bytes=30-' });
    expect([given.status, field(given, 'content-range')]).toEqual([416, 'bytes */26']);
  });

  it('yields to a condition that is met', () => {
    expect(answered({ range: 'bytes=5-14', 'if-none-match': '"1"' }).status).toBe(304);
  });
});

it('a range of what arrives without a length is answered with all of it', async () => {
  const response = { ...stored(), body: Readable.from([ALPHABET], { objectMode: false }) };
  const request = asking({ range: 'bytes=0-1' });
  const assessment = assessResponse(requestWith(), response, PLAIN_POLICY);
  const landing = arrivingOf(request, response, assessment, {
    fwdStatus: 200,
    budget: createByteBudget(1_000_000),
    onAbandoned: () => {},
  });
  const given = fromArriving(request, landing, PLAN, { fields: response.fields });
  expect([given.status, await textOf(given)]).toEqual([200, ALPHABET.toString()]);
});

it('a range of what arrives ends with its last byte, and the whole is there to be stored all the same', async () => {
  const source = new Readable({ read() {} });
  const response = { ...stored({ 'Content-Length': '26' }), body: source };
  const request = asking({ range: 'bytes=0-1' });
  const assessment = assessResponse(requestWith(), response, PLAIN_POLICY);
  const landing = arrivingOf(request, response, assessment, {
    fwdStatus: 200,
    budget: createByteBudget(1_000_000),
    onAbandoned: () => expect.unreachable(),
  });
  const given = fromArriving(request, landing, PLAN, { fields: response.fields });
  source.push(ALPHABET.subarray(0, 10));
  expect(await textOf(given)).toBe('ab');
  source.push(ALPHABET.subarray(10));
  source.push(null);
  expect(await landing.body.whole).toEqual(ALPHABET);
});

it('who leaves in the middle of a range lets go of what arrives', async () => {
  const source = new Readable({ read() {} });
  const response = { ...stored({ 'Content-Length': '26' }), body: source };
  const request = asking({ range: 'bytes=0-20' });
  const assessment = assessResponse(requestWith(), response, PLAIN_POLICY);
  const landing = arrivingOf(request, response, assessment, {
    fwdStatus: 200,
    budget: createByteBudget(1_000_000),
    onAbandoned: () => source.destroy(),
  });
  const given = fromArriving(request, landing, PLAN, { fields: response.fields });
  (given.body as Readable).destroy();
  expect(await landing.body.whole).toBeNull();
  expect(source.destroyed).toBe(true);
});

it('an origin that asked for a pause is spoken for in whole seconds (RFC 9110 §10.2.3)', () => {
  const answer = held({ status: 503, until: RECEIVED_AT + 1_001 }, RECEIVED_AT);
  expect([answer.status, answer.fields, answer.body]).toEqual([503, ['Retry-After', '2'], null]);
});
