// @ts-check
import { parseFilterFormula } from './filter-formula.mjs';

/**
 * @typedef {import('./feedback-records.mjs').FeedbackRecord} FeedbackRecord
 * @typedef {import('./loopback-server.mjs').Answer} Answer
 *
 * @typedef {object} ListQuery as Airtable documents it for "list records"
 * @property {string} [filterByFormula]
 * @property {{ field: string, direction?: 'asc' | 'desc' }[]} [sort]
 * @property {string[]} [fields]
 * @property {number} [maxRecords]
 * @property {number} [pageSize]
 * @property {string} [offset]
 */

const MAX_PAGE_SIZE = 100;
const FIELD_NAMES = new Set([
  'submission_id',
  'submission_created',
  'referrer',
  'was_helpful',
  'issue_category',
  'what_was_helpful',
  'additional_details',
]);

/**
 * @param {URLSearchParams} parameters of a `GET`
 * @returns {ListQuery}
 */
export function queryFromParameters(parameters) {
  /** @type {ListQuery} */
  const query = {};
  for (const name of /** @type {const} */ (['filterByFormula', 'offset'])) {
    const value = parameters.get(name);
    if (value !== null) query[name] = value;
  }
  for (const name of /** @type {const} */ (['maxRecords', 'pageSize'])) {
    const value = parameters.get(name);
    if (value !== null) query[name] = Number(value);
  }
  const fields = [...parameters].filter(([name]) => /^fields\[\d*\]$/.test(name)).map(([, value]) => value);
  if (fields.length > 0) query.fields = fields;
  query.sort = sortFromParameters(parameters);
  return query;
}

/** @param {URLSearchParams} parameters */
function sortFromParameters(parameters) {
  /** @type {NonNullable<ListQuery['sort']>} */
  const sort = [];
  for (let index = 0; ; index += 1) {
    const field = parameters.get(`sort[${index}][field]`);
    if (field === null) return sort;
    sort.push({ field, direction: parameters.get(`sort[${index}][direction]`) === 'desc' ? 'desc' : 'asc' });
  }
}

/**
 * One page of the records that `query` asks for, or Airtable's refusal.
 *
 * @param {readonly FeedbackRecord[]} records
 * @param {ListQuery} query
 * @returns {Answer}
 */
export function listRecords(records, query) {
  const refusal = refusalOf(query);
  if (refusal !== null) return refusal;
  const { filterByFormula, sort = [], maxRecords } = query;
  const isWanted = filterByFormula === undefined ? () => true : parseFilterFormula(filterByFormula);
  if (isWanted === null) {
    return refuse('INVALID_FILTER_BY_FORMULA', 'The formula for filtering records is invalid.');
  }
  const found = records.filter((record) => isWanted(record.fields));
  return pageOf(found.sort((a, b) => compare(a, b, sort)).slice(0, maxRecords), query);
}

/** @param {ListQuery} query */
function refusalOf({ sort = [], fields = [], maxRecords = 1, pageSize = MAX_PAGE_SIZE }) {
  if (!isCount(maxRecords) || !isCount(pageSize) || pageSize > MAX_PAGE_SIZE) {
    return refuse('INVALID_REQUEST_UNKNOWN', 'Invalid request: parameter validation failed.');
  }
  const names = [...fields, ...sort.map(({ field }) => field)];
  const unknown = names.find((name) => !FIELD_NAMES.has(name));
  return unknown === undefined ? null : refuse('UNKNOWN_FIELD_NAME', `Unknown field name: "${unknown}"`);
}

/**
 * @param {FeedbackRecord[]} ordered
 * @param {ListQuery} query
 * @returns {Answer}
 */
function pageOf(ordered, { fields, pageSize = MAX_PAGE_SIZE, offset }) {
  const start = offset === undefined ? 0 : positionOf(offset, ordered);
  if (start === -1) {
    return refuse('LIST_RECORDS_ITERATOR_NOT_AVAILABLE', 'The offset is not that of a page of this list.');
  }
  const page = ordered.slice(start, start + pageSize).map((record) => pick(record, fields));
  const next = ordered[start + pageSize];
  const body = next === undefined ? { records: page } : { records: page, offset: offsetOf(next) };
  return { status: 200, body };
}

/** @param {FeedbackRecord} record the page's first */
function offsetOf({ id }) {
  return `itr${id.slice('rec'.length)}/${id}`;
}

/**
 * @param {string} offset
 * @param {FeedbackRecord[]} ordered
 */
function positionOf(offset, ordered) {
  return ordered.findIndex((record) => offsetOf(record) === offset);
}

/**
 * @param {FeedbackRecord} record
 * @param {string[] | undefined} names
 */
function pick(record, names) {
  if (names === undefined) return record;
  const fields = Object.fromEntries(Object.entries(record.fields).filter(([name]) => names.includes(name)));
  return { ...record, fields };
}

/**
 * @param {FeedbackRecord} a
 * @param {FeedbackRecord} b
 * @param {NonNullable<ListQuery['sort']>} sort
 */
function compare(a, b, sort) {
  for (const { field, direction } of sort) {
    const [left, right] = [sortTextOf(a, field), sortTextOf(b, field)];
    if (left !== right) return left < right === (direction !== 'desc') ? -1 : 1;
  }
  return 0;
}

/**
 * @param {FeedbackRecord} record
 * @param {string} field
 */
function sortTextOf({ fields }, field) {
  return String(Reflect.get(fields, field) ?? '');
}

/** @param {number} value */
function isCount(value) {
  return Number.isInteger(value) && value >= 1;
}

/**
 * @param {string} type
 * @param {string} message
 * @returns {Answer}
 */
function refuse(type, message) {
  return { status: 422, body: { error: { type, message } } };
}
