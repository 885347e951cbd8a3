// @ts-check
import { createFeedbackRecords } from './feedback-records.mjs';
import { listRecords, queryFromParameters } from './list-records.mjs';
import { startLoopbackServer } from './loopback-server.mjs';

/** What the sample origin accepts unless it is told otherwise. */
export const SAMPLE_TABLE = {
  apiKey: 'patSampleOnly.not-a-secret',
  baseId: 'appSampleFeedback',
  tableName: 'Page Feedback',
};

/**
 * @typedef {import('./loopback-server.mjs').Answer} Answer
 *
 * @typedef {object} AirtableOriginOptions
 * @property {string} [apiKey]
 * @property {string} [baseId]
 * @property {string} [tableName]
 * @property {readonly import('./feedback-records.mjs').FeedbackRecord[]} [records]
 * @property {number} [delayMs] what an answer takes; default 300
 * @property {number} [requestsPerSecond] more of them get 429, as Airtable's 5 for a base; default: no limit
 * @property {number} [port]
 */

/**
 * Answers "list records" of one table as Airtable's web API does, over `GET` and `POST …/listRecords`.
 *
 * @param {AirtableOriginOptions} [options]
 */
export function startAirtableOrigin(options = {}) {
  const { apiKey, baseId, tableName } = { ...SAMPLE_TABLE, ...options };
  const { records = createFeedbackRecords(), delayMs = 300, requestsPerSecond = Infinity, port } = options;
  const mayAnswer = createLimit(requestsPerSecond);

  return startLoopbackServer(
    ({ method, url = '/', headers }, body) => {
      if (headers.authorization !== `Bearer ${apiKey}`) return UNAUTHENTICATED;
      if (!mayAnswer(Date.now())) return LIMITED;
      const { pathname, searchParams } = new URL(url, 'http://airtable.invalid');
      const [version, base, table, action, ...rest] = pathname.slice(1).split('/').map(decodeURIComponent);
      if (version !== 'v0' || base !== baseId || rest.length > 0) return NOT_FOUND;
      if (table !== tableName) return NO_SUCH_TABLE;
      if (action === undefined && (method === 'GET' || method === 'HEAD')) {
        return listRecords(records, queryFromParameters(searchParams));
      }
      if (action === 'listRecords' && method === 'POST') return listPosted(records, body);
      return NOT_FOUND;
    },
    { delayMs, ...(port === undefined ? {} : { port }) },
  );
}

/**
 * @param {readonly import('./feedback-records.mjs').FeedbackRecord[]} records
 * @param {string} body
 * @returns {Answer}
 */
function listPosted(records, body) {
  try {
    return listRecords(records, body === '' ? {} : JSON.parse(body));
  } catch {
    return {
      status: 422,
      body: { error: { type: 'INVALID_REQUEST_BODY', message: 'Could not parse request body' } },
    };
  }
}

/** @param {number} requestsPerSecond in any second */
function createLimit(requestsPerSecond) {
  /** @type {number[]} */
  const times = [];
  return (/** @type {number} */ now) => {
    while (times[0] !== undefined && times[0] <= now - 1000) times.shift();
    if (times.length >= requestsPerSecond) return false;
    times.push(now);
    return true;
  };
}

/** @type {Answer} */
const UNAUTHENTICATED = {
  status: 401,
  body: { error: { type: 'AUTHENTICATION_REQUIRED', message: 'Authentication required' } },
};

/** @type {Answer} */
const NOT_FOUND = { status: 404, body: { error: 'NOT_FOUND' } };

/** @type {Answer} */
const NO_SUCH_TABLE = {
  status: 403,
  body: {
    error: {
      type: 'INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND',
      message: 'Invalid permissions, or the requested model was not found.',
    },
  },
};

/** @type {Answer} */
const LIMITED = {
  status: 429,
  body: { errors: [{ error: 'RATE_LIMIT_REACHED', message: 'Rate limit exceeded. Please try again later' }] },
};
