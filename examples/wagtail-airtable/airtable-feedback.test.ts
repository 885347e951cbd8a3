import type { TransformResponse } from 'cachegate';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import feedback, { normalizePagePath } from './airtable-feedback.ts';

const OPTIONS = { base_id: 'appBase', table_name: 'Page Feedback', max_records: 5 };

function mapped(query: string | Record<string, string>, options = OPTIONS) {
  return feedback.request({ method: 'GET', path: '/', query: new URLSearchParams(query) }, options);
}

function targetOf(pagePath: string, options = OPTIONS): URL {
  const result = mapped({ pagePath }, options);
  if (!('target' in result)) throw new Error(`${pagePath} was refused: ${result.error}`);
  return new URL(result.target, 'http://airtable.invalid');
}

/** Reads `{name}=` and one text in single quotes, character by character; anything after the text is a fault. */
function readFormula(formula: string): { field: string; text: string } {
  const close = formula.indexOf('}');
  if (formula[0] !== '{' || formula.slice(close, close + 3) !== "}='")
    throw new Error(`No start: ${formula}`);
  const characters = [...formula.slice(close + 3)];
  let text = '';
  for (let next = characters.shift(); next !== "'"; next = characters.shift()) {
    if (next === undefined) throw new Error(`The text never ends: ${formula}`);
    text += next === '\\' ? characters.shift() : next;
  }
  if (characters.length > 0) throw new Error(`After the text comes ${characters.join('')}`);
  return { field: formula.slice(1, close), text };
}

function originResponse(status: number, body: unknown): TransformResponse {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, header: () => undefined, text: async () => text, json: async () => JSON.parse(text) };
}

/** Transforms `pages`, the first as the origin's response and the others as what a fetch answers. */
async function transformed(pages: TransformResponse[], maxRecords: number | string = 5) {
  const fetched: string[] = [];
  const [first, ...more] = pages;
  const { status, headers, body } = await feedback.response(first!, {
    options: { ...OPTIONS, max_records: maxRecords },
    target: '/v0/appBase/T?pageSize=100',
    fetch: async (target) => {
      fetched.push(target);
      return more.shift()!;
    },
  });
  return { status, headers, body: JSON.parse(body), fetched };
}

function recordsFrom(first: number, count: number) {
  return Array.from({ length: count }, (_, index) => ({ id: `rec${first + index}`, fields: {} }));
}

describe('the request', () => {
  it('asks the table for the newest feedback on the page', () => {
    const { pathname, searchParams } = targetOf('/benefits');
    expect(pathname).toBe('/v0/appBase/Page%20Feedback');
    expect(Object.fromEntries(searchParams)).toEqual({
      filterByFormula: "{referrer}='/benefits'",
      'sort[0][field]': 'submission_created',
      'sort[0][direction]': 'desc',
      maxRecords: '5',
      pageSize: '5',
    });
  });

  it('asks for pages of 100 when more records than that are wanted', () => {
    const { searchParams } = targetOf('/benefits', { ...OPTIONS, max_records: 250 });
    expect([searchParams.get('maxRecords'), searchParams.get('pageSize')]).toEqual(['250', '100']);
  });

  it('makes one target of all spellings of a page', () => {
    const spellings = ['/benefits', '/Benefits/', '/benefits//', '/benefits?tab=2', '/BENEFITS/#top'];
    expect(new Set(spellings.map((spelling) => targetOf(spelling).href)).size).toBe(1);
    expect(targetOf('/')).not.toEqual(targetOf('/benefits'));
  });

  it.each(['', 'pagePath=', 'page=/benefits'])('refuses %j without a page', (query) => {
    expect(mapped(query)).toEqual({ status: 400, error: 'Missing pagePath parameter' });
  });

  it.each([
    ['a line feed', '/a\nb'],
    ['NUL', '/a\0'],
    ['DEL', '/a\x7f'],
    ['a C1 control', '/a\x85'],
    ['a backslash', "/a\\' , 1=1"],
    ['nothing but a query', '?x=1'],
    ['2049 characters', `/${'a'.repeat(2048)}`],
  ])('refuses %s', (_, pagePath) => {
    expect(mapped({ pagePath })).toEqual({ status: 400, error: 'Invalid pagePath parameter' });
  });

  it('takes 2048 characters', () => {
    expect(mapped({ pagePath: `/${'a'.repeat(2047)}` })).toHaveProperty('target');
  });

  it.each([0, 1001, 2.5, 'many', ''])('names max_records when it is %j', (max_records) => {
    const request = { method: 'GET', path: '/', query: new URLSearchParams('pagePath=/') };
    expect(() => feedback.request(request, { ...OPTIONS, max_records })).toThrow(/max_records/);
  });

  const anyPagePath = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.string({
      unit: fc.constantFrom("'", '"', '{', '}', ')', ',', '/', '?', '#', 'A', ' ', '&', '\\'),
      maxLength: 20,
    }),
  );

  it('never lets a page path out of the one text of its formula', () => {
    fc.assert(
      fc.property(anyPagePath, (pagePath) => {
        const result = mapped({ pagePath });
        fc.pre('target' in result);
        const { searchParams } = new URL(result.target, 'http://airtable.invalid');
        expect(searchParams.size).toBe(5);
        const { field, text } = readFormula(searchParams.get('filterByFormula')!);
        expect(field).toBe('referrer');
        expect(text).toBe(normalizePagePath(new URLSearchParams({ pagePath }).get('pagePath')!));
      }),
    );
  });

  it('leaves a normal path as it is', () => {
    fc.assert(
      fc.property(anyPagePath, (pagePath) => {
        const path = normalizePagePath(pagePath);
        if (path !== null) expect(normalizePagePath(path)).toBe(path);
      }),
    );
  });
});

describe('the response', () => {
  it('names the fields anew, with null for what the record does not have', async () => {
    const full = {
      submission_id: 's1',
      submission_created: '2025-03-04T10:00:00.000Z',
      referrer: '/benefits',
      was_helpful: 'no',
      issue_category: 'Out of date',
      what_was_helpful: 'The table',
      additional_details: 'Thanks',
      internal_note: 'not for clients',
    };
    const records = [
      { id: 'rec1', createdTime: '2025-03-04T10:00:01.000Z', fields: full },
      { id: 'rec2', fields: {} },
    ];
    const { status, body } = await transformed([originResponse(200, { records })]);
    expect(status).toBe(200);
    expect(body).toEqual({
      records: [
        {
          id: 'rec1',
          submissionId: 's1',
          submissionCreated: '2025-03-04T10:00:00.000Z',
          referrer: '/benefits',
          wasHelpful: 'no',
          issueCategory: 'Out of date',
          whatWasHelpful: 'The table',
          additionalDetails: 'Thanks',
        },
        {
          id: 'rec2',
          submissionId: null,
          submissionCreated: null,
          referrer: null,
          wasHelpful: null,
          issueCategory: null,
          whatWasHelpful: null,
          additionalDetails: null,
        },
      ],
    });
  });

  it('follows the offsets until there are enough records', async () => {
    const pages = [
      originResponse(200, { records: recordsFrom(0, 100), offset: 'itr1/rec100' }),
      originResponse(200, { records: recordsFrom(100, 100), offset: "it'r2&x" }),
      originResponse(200, { records: recordsFrom(200, 60), offset: 'itr3/rec260' }),
    ];
    const { body, fetched } = await transformed(pages, '250');
    expect(body.records).toHaveLength(250);
    expect(body.records[249].id).toBe('rec249');
    expect(fetched).toEqual([
      '/v0/appBase/T?pageSize=100&offset=itr1%2Frec100',
      '/v0/appBase/T?pageSize=100&offset=it%27r2%26x',
    ]);
  });

  it('stops at the last page', async () => {
    const { body, fetched } = await transformed([originResponse(200, { records: recordsFrom(0, 3) })], 250);
    expect([body.records.length, fetched.length]).toEqual([3, 0]);
  });

  it('gives up on pages without end', async () => {
    const empty = originResponse(200, { records: [], offset: 'again' });
    const { status, fetched } = await transformed([empty, empty, empty, empty, empty, empty], 250);
    expect([status, fetched.length]).toEqual([502, 3]);
  });

  it.each([
    ['a status of 401', originResponse(401, { error: { type: 'AUTHENTICATION_REQUIRED' } })],
    ['a status of 204', originResponse(204, '')],
    ['a status of 500', originResponse(500, { records: [] })],
    ['no JSON', originResponse(200, '{"records":[')],
    ['no object', originResponse(200, 'null')],
    ['no records', originResponse(200, {})],
    ['records that are no list', originResponse(200, { records: {} })],
    ['a record without an id', originResponse(200, { records: [{ fields: {} }] })],
    ['a record without fields', originResponse(200, { records: [{ id: 'rec1', fields: [] }] })],
    ['an offset that is no text', originResponse(200, { records: [], offset: 7 })],
  ])('answers 502, not to be stored, to %s', async (_, page) => {
    const { status, headers, body } = await transformed([page]);
    expect(status).toBe(502);
    expect(headers).toEqual({ 'cache-control': 'no-store' });
    expect(body).toEqual({ error: expect.stringMatching(/^Airtable /) });
  });

  it('answers 502 when a later page fails', async () => {
    const first = originResponse(200, { records: recordsFrom(0, 100), offset: 'next' });
    const { status, body } = await transformed([first, originResponse(429, {})], 200);
    expect([status, body.error]).toEqual([502, 'Airtable answered with status 429']);
  });
});
