import type { Transform, TransformContext, TransformedResponse, TransformResponse } from 'cachegate';

/** What `cachegate.yaml` gives as `transform.options`. */
interface FeedbackOptions {
  readonly base_id: string;
  readonly table_name: string;
  /** How many records an answer holds at most, 1–1000; as text too, for it may come from `${NAME}`. */
  readonly max_records: number | string;
}

interface AirtableRecord {
  readonly id: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

interface Page {
  readonly records: readonly AirtableRecord[];
  /** Where the next page begins; absent on the last one. */
  readonly offset?: string | undefined;
}

type Read<T> = T | { readonly failure: string };

const MAX_PATH_LENGTH = 2048;
/** Airtable gives at most 100 records a page. */
const MAX_PAGE_SIZE = 100;
const MAX_RECORDS = 1000;

/** Answers `GET ?pagePath=…` with the newest feedback on that page, read from an Airtable table. */
export default {
  request({ query }, options) {
    const pagePath = query.get('pagePath');
    if (pagePath === null || pagePath === '') return { status: 400, error: 'Missing pagePath parameter' };
    const referrer = normalizePagePath(pagePath);
    if (referrer === null) return { status: 400, error: 'Invalid pagePath parameter' };
    return { target: listingTarget(referrerFormula(referrer), options) };
  },

  async response(origin, context) {
    const maxRecords = requireMaxRecords(context.options);
    const records = await readRecords(origin, context, maxRecords);
    if ('failure' in records) return failed(records.failure);
    return { status: 200, body: JSON.stringify({ records: records.slice(0, maxRecords).map(toFeedback) }) };
  },
} satisfies Transform<FeedbackOptions>;

/**
 * The form in which the table holds page paths: lower case, no query, no fragment, no closing slash.
 * `null` for what is no page path: over 2048 characters, nothing left, or with a character that no path has.
 */
export function normalizePagePath(pagePath: string): string | null {
  if (pagePath.length > MAX_PATH_LENGTH || /[\p{Cc}\p{Cs}\\]/u.test(pagePath)) return null;
  const path = pagePath.slice(0, endOfPath(pagePath)).toLowerCase();
  let end = path.length;
  while (end > 1 && path[end - 1] === '/') end -= 1;
  return end === 0 ? null : path.slice(0, end);
}

function endOfPath(pagePath: string): number {
  const end = pagePath.search(/[?#]/);
  return end === -1 ? pagePath.length : end;
}

/** In a formula's literal a quote is written `\'`; a backslash never gets here, so nothing undoes that. */
function referrerFormula(referrer: string): string {
  return `{referrer}='${referrer.replaceAll("'", "\\'")}'`;
}

/** "List records" of Airtable's web API, newest first. */
function listingTarget(formula: string, options: FeedbackOptions): string {
  const table = `${encodeURIComponent(options.base_id)}/${encodeURIComponent(options.table_name)}`;
  const maxRecords = requireMaxRecords(options);
  const parameters = [
    ['filterByFormula', formula],
    ['sort[0][field]', 'submission_created'],
    ['sort[0][direction]', 'desc'],
    ['maxRecords', String(maxRecords)],
    ['pageSize', String(Math.min(maxRecords, MAX_PAGE_SIZE))],
  ] as const;
  const query = parameters.map(([name, value]) => `${encodeURIComponent(name)}=${encodeQueryValue(value)}`);
  return `/v0/${table}?${query.join('&')}`;
}

function encodeQueryValue(value: string): string {
  return encodeURIComponent(value).replaceAll("'", '%27');
}

function requireMaxRecords({ max_records }: FeedbackOptions): number {
  const maxRecords = Number(max_records);
  if (Number.isInteger(maxRecords) && maxRecords >= 1 && maxRecords <= MAX_RECORDS) return maxRecords;
  throw new RangeError(`transform.options.max_records: ${max_records} is no whole number, 1–${MAX_RECORDS}`);
}

/** The first page's records and, while there are too few of them and Airtable offers more, the next pages'. */
async function readRecords(
  first: TransformResponse,
  { target, fetch }: TransformContext<FeedbackOptions>,
  maxRecords: number,
): Promise<Read<readonly AirtableRecord[]>> {
  const records: AirtableRecord[] = [];
  let page = await readPage(first);
  for (let morePages = Math.ceil(maxRecords / MAX_PAGE_SIZE); !('failure' in page); morePages -= 1) {
    records.push(...page.records);
    if (page.offset === undefined || records.length >= maxRecords) return records;
    if (morePages === 0) return { failure: 'Airtable offered more pages than its records fill' };
    page = await readPage(await fetch(`${target}&offset=${encodeQueryValue(page.offset)}`));
  }
  return page;
}

async function readPage(response: TransformResponse): Promise<Read<Page>> {
  if (response.status !== 200) return { failure: `Airtable answered with status ${response.status}` };
  const page: unknown = await response.json().catch(() => null);
  return isPage(page) ? page : { failure: 'Airtable did not answer with a list of records' };
}

function isPage(value: unknown): value is Page {
  if (!isObject(value) || !Array.isArray(value.records)) return false;
  return value.records.every(isRecord) && (value.offset === undefined || typeof value.offset === 'string');
}

function isRecord(value: unknown): value is AirtableRecord {
  return isObject(value) && typeof value.id === 'string' && isObject(value.fields);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Airtable leaves out the fields that are empty; the answer says `null`. */
function toFeedback({ id, fields }: AirtableRecord) {
  return {
    id,
    submissionId: fields.submission_id ?? null,
    submissionCreated: fields.submission_created ?? null,
    referrer: fields.referrer ?? null,
    wasHelpful: fields.was_helpful ?? null,
    issueCategory: fields.issue_category ?? null,
    whatWasHelpful: fields.what_was_helpful ?? null,
    additionalDetails: fields.additional_details ?? null,
  };
}

function failed(error: string): TransformedResponse {
  return { status: 502, headers: { 'cache-control': 'no-store' }, body: JSON.stringify({ error }) };
}
