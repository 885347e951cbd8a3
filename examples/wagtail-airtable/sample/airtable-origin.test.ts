import Airtable from 'airtable';
import { afterEach, describe, expect, it } from 'vitest';
import { SAMPLE_TABLE, startAirtableOrigin } from './airtable-origin.mjs';
import { SITE_PAGES } from './feedback-pages.mjs';
import { createFeedbackRecords, type FeedbackRecord } from './feedback-records.mjs';
import type { SampleServer } from './loopback-server.mjs';

let origin: SampleServer | undefined;

afterEach(async () => {
  await origin?.close();
  origin = undefined;
});

async function start(options: Parameters<typeof startAirtableOrigin>[0] = {}): Promise<SampleServer> {
  origin = await startAirtableOrigin({ delayMs: 0, ...options });
  return origin;
}

function clientOf({ url }: SampleServer) {
  const { apiKey, baseId, tableName } = SAMPLE_TABLE;
  return new Airtable({ endpointUrl: url, apiKey, noRetryIfRateLimited: true }).base(baseId)(tableName);
}

interface Listing {
  records: FeedbackRecord[];
  offset?: string;
}

/** Lists with `parameters`; `table` and `key` stand for the right ones. */
async function list(
  parameters: Record<string, string>,
  { table = `${SAMPLE_TABLE.baseId}/${SAMPLE_TABLE.tableName}`, key = SAMPLE_TABLE.apiKey } = {},
) {
  const url = `${origin!.url}/v0/${table}?${new URLSearchParams(parameters)}`;
  const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
  return { status: response.status, body: await response.json() };
}

async function listed(parameters: Record<string, string>): Promise<Listing> {
  const { status, body } = await list(parameters);
  expect(status).toBe(200);
  return body as Listing;
}

describe('the official client', () => {
  it('lists all records over several pages', async () => {
    const server = await start();
    const records = await clientOf(server).select().all();
    expect(records.map(({ id }) => id)).toEqual(createFeedbackRecords().map(({ id }) => id));
    expect(server.counters.requests).toBe(4);
  });

  it('lists by POST too, filtered and sorted', async () => {
    const server = await start();
    const records = await clientOf(server)
      .select({
        method: 'post',
        filterByFormula: "{referrer}='/events/farmers\\'-market'",
        sort: [{ field: 'submission_created', direction: 'desc' }],
        fields: ['submission_created', 'referrer'],
        maxRecords: 7,
        pageSize: 3,
      })
      .all();
    const created = records.map((record) => String(record.get('submission_created')));
    expect(created).toHaveLength(7);
    expect(created).toEqual([...created].sort().reverse());
    expect(new Set(records.flatMap(({ fields }) => Object.keys(fields)))).toEqual(
      new Set(['submission_created', 'referrer']),
    );
    expect(server.counters.requests).toBe(3);
    expect(server.received[0]?.method).toBe('POST');
  });

  it('reads each refusal as the one of Airtable that it stands for', async () => {
    const server = await start({ requestsPerSecond: 1 });
    const { baseId, tableName } = SAMPLE_TABLE;
    const stranger = new Airtable({ endpointUrl: server.url, apiKey: 'patOther' }).base(baseId)(tableName);
    await expect(stranger.select().all()).rejects.toMatchObject({ error: 'AUTHENTICATION_REQUIRED' });
    const formula = clientOf(server).select({ filterByFormula: 'NOT({referrer})' });
    await expect(formula.all()).rejects.toMatchObject({
      error: 'INVALID_FILTER_BY_FORMULA',
      statusCode: 422,
    });
    await expect(formula.all()).rejects.toMatchObject({ error: 'TOO_MANY_REQUESTS', statusCode: 429 });
  });
});

describe('a listing', () => {
  it.each(["{referrer}='/'", '{referrer}="/"', " LOWER( {referrer} ) = '/' "])(
    'understands the formula %s',
    async (filterByFormula) => {
      await start();
      const { records } = await listed({ filterByFormula });
      expect(new Set(records.map(({ fields }) => fields.referrer))).toEqual(new Set(['/']));
    },
  );

  it.each(["{referrer}='/' OR 1", "{referrer}='a'b'", "'a'='a'", '{referrer}=/', "{referrer}='a\\'"])(
    'refuses the formula %s',
    async (filterByFormula) => {
      await start();
      const { status, body } = await list({ filterByFormula });
      expect([status, body]).toMatchObject([422, { error: { type: 'INVALID_FILTER_BY_FORMULA' } }]);
    },
  );

  it('cuts to maxRecords over pages', async () => {
    await start();
    const first = await listed({ maxRecords: '3', pageSize: '2' });
    const second = await listed({ maxRecords: '3', pageSize: '2', offset: first.offset! });
    expect([first.records.length, second.records.length, second.offset]).toEqual([2, 1, undefined]);
  });

  it.each([
    [{ pageSize: '101' }, 'INVALID_REQUEST_UNKNOWN'],
    [{ pageSize: '0' }, 'INVALID_REQUEST_UNKNOWN'],
    [{ maxRecords: 'all' }, 'INVALID_REQUEST_UNKNOWN'],
    [{ 'sort[0][field]': 'age' }, 'UNKNOWN_FIELD_NAME'],
    [{ 'fields[]': 'age' }, 'UNKNOWN_FIELD_NAME'],
    [{ offset: 'itr0/rec0' }, 'LIST_RECORDS_ITERATOR_NOT_AVAILABLE'],
  ])('refuses %j', async (parameters, type) => {
    await start();
    expect(await list(parameters as Record<string, string>)).toMatchObject({
      status: 422,
      body: { error: { type } },
    });
  });

  it('refuses a base, a table and a key that it does not know', async () => {
    await start();
    expect(await list({}, { table: 'appOther/Page Feedback' })).toEqual({
      status: 404,
      body: { error: 'NOT_FOUND' },
    });
    expect((await list({}, { table: `${SAMPLE_TABLE.baseId}/Other` })).status).toBe(403);
    expect((await list({}, { key: '' })).status).toBe(401);
  });

  it('answers 200 with a body that is no JSON when told to', async () => {
    const server = await start();
    server.behaviour.fault = 'garbage';
    await expect(list({})).rejects.toThrow(SyntaxError);
  });
});

describe('the sample records', () => {
  it('are the same for the same seed, and others for another', () => {
    expect(createFeedbackRecords({ count: 20 })).toEqual(createFeedbackRecords().slice(0, 20));
    expect(createFeedbackRecords({ seed: 2 })).not.toEqual(createFeedbackRecords());
  });

  it('give each page more feedback than one answer holds, with ids of their own', () => {
    const records = createFeedbackRecords();
    for (const { path } of SITE_PAGES) {
      expect(records.filter(({ fields }) => fields.referrer === path).length).toBeGreaterThan(5);
    }
    expect(new Set(records.map(({ id }) => id)).size).toBe(records.length);
    expect(new Set(records.map(({ fields }) => fields.submission_id)).size).toBe(records.length);
  });

  it('say why a page did not help, and what helped, only where it fits', () => {
    for (const { fields } of createFeedbackRecords()) {
      expect(fields.issue_category !== undefined).toBe(fields.was_helpful === 'no');
      if (fields.was_helpful === 'no') expect(fields).not.toHaveProperty('what_was_helpful');
    }
  });
});
