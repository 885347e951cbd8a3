// @ts-check
import { CLOSING_REMARKS, ISSUES, PRAISE, SITE_PAGES } from './feedback-pages.mjs';

/**
 * @typedef {object} FeedbackFields a field that is empty is absent, as in Airtable
 * @property {string} submission_id
 * @property {string} submission_created
 * @property {string} referrer
 * @property {'yes' | 'no'} was_helpful
 * @property {string} [issue_category]
 * @property {string} [what_was_helpful]
 * @property {string} [additional_details]
 *
 * @typedef {{ id: string, createdTime: string, fields: FeedbackFields }} FeedbackRecord
 *
 * @typedef {() => number} Random from 0 up to, but not including, 1
 */

const FIRST_DAY = Date.UTC(2025, 0, 6);
const DAYS = 180;
const DAY_MS = 24 * 60 * 60 * 1000;
const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/**
 * Feedback on the pages of a city's site; the same records for the same arguments.
 *
 * @param {{ count?: number, seed?: number }} [options]
 * @returns {FeedbackRecord[]}
 */
export function createFeedbackRecords({ count = 400, seed = 1 } = {}) {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => createRecord(random));
}

/**
 * @param {Random} random
 * @returns {FeedbackRecord}
 */
function createRecord(random) {
  const page = SITE_PAGES[Math.floor(random() ** 1.5 * SITE_PAGES.length)] ?? pick(random, SITE_PAGES);
  const created = createInstant(random);
  const wasHelpful = random() < 0.45;
  return {
    id: `rec${text(random, ALPHANUMERIC, 14)}`,
    createdTime: new Date(created).toISOString(),
    fields: {
      submission_id: createUuid(random),
      submission_created: new Date(created - Math.floor(random() * 4000)).toISOString(),
      referrer: page.path,
      ...(wasHelpful ? createPraise(random, page) : createComplaint(random, page)),
    },
  };
}

/**
 * @param {Random} random
 * @param {import('./feedback-pages.mjs').SitePage} page
 */
function createPraise(random, page) {
  const helpful = { was_helpful: /** @type {const} */ ('yes') };
  return random() < 0.7 ? { ...helpful, what_was_helpful: pick(random, PRAISE)(page) } : helpful;
}

/**
 * @param {Random} random
 * @param {import('./feedback-pages.mjs').SitePage} page
 */
function createComplaint(random, page) {
  const issue = pick(random, ISSUES);
  const unhelpful = { was_helpful: /** @type {const} */ ('no'), issue_category: issue.name };
  if (random() < 0.15) return unhelpful;
  const remark = random() < 0.35 ? ` ${pick(random, CLOSING_REMARKS)}` : '';
  return { ...unhelpful, additional_details: pick(random, issue.texts)(page) + remark };
}

/** Between 7 in the morning and 11 at night, more often by day. @param {Random} random */
function createInstant(random) {
  const day = Math.floor(random() * DAYS);
  const hour = 7 + (16 * (random() + random())) / 2;
  return Math.floor(FIRST_DAY + day * DAY_MS + (hour / 24) * DAY_MS);
}

/** @param {Random} random */
function createUuid(random) {
  const hex = (/** @type {number} */ length) => text(random, '0123456789abcdef', length);
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${text(random, '89ab', 1)}${hex(3)}-${hex(12)}`;
}

/**
 * @param {Random} random
 * @param {string} alphabet
 * @param {number} length
 */
function text(random, alphabet, length) {
  return Array.from({ length }, () => pick(random, [...alphabet])).join('');
}

/**
 * @template T
 * @param {Random} random
 * @param {readonly T[]} items not empty
 * @returns {T}
 */
function pick(random, items) {
  return /** @type {T} */ (items[Math.floor(random() * items.length)]);
}

/**
 * Marsaglia's xorshift32: the sequence must be the same on every machine, which `Math.random` can't give.
 *
 * @param {number} seed not 0
 * @returns {Random}
 */
function createRandom(seed) {
  let state = Math.imul(seed, 2654435761) >>> 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}
