import { createHash } from 'node:crypto';

/** What every peer is asked, and what every peer is set up with: the same for all, so that rows compare. */

export const ALLOWED_ORIGIN = 'chrome-extension://abcdefghijklmnopabcdefghijklmnop';
export const REFUSED_ORIGIN = 'https://refused.example';
export const SESSION_HEADER = 'X-Wagtail-Session';
export const SESSION_COOKIE = 'sessionid';

/** The path of the service at the gate; the origin has the same below its root. */
export const SERVICE_PATH = '/api';
export const RESOURCE = '/records?pagePath=/products/widget';
export const TARGET = `${SERVICE_PATH}${RESOURCE}`;

export const CONNECTIONS = 64;

/** The largest that cachegate takes, so that nothing is refused: counting is measured, refusing is not. */
export const RATE_LIMIT = 1_000_000_000;
export const RATE_WINDOW_MS = 10_000;

/** Longer than any run, so that a measured round finds everything warm. */
export const TTL_SECONDS = 86_400;

export const BODY = Buffer.from(jsonOfSize(1024));

export const MANY_SESSIONS = 1000;

/** Ids with the look of Django's session keys. */
export const sessionIds = Array.from({ length: MANY_SESSIONS }, (_, index) => idFrom(`session ${index}`));

/** An id that the authority does not know. */
export const unknownSessionId = idFrom('unknown');

function idFrom(seed) {
  return createHash('sha256').update(seed).digest('hex').slice(0, 32);
}

function jsonOfSize(bytes) {
  const record = { id: 'rec0001', referrer: '/products/widget', wasHelpful: true, additionalDetails: '' };
  const bare = JSON.stringify({ records: [record] }).length;
  record.additionalDetails = 'The page answered my question. '.repeat(40).slice(0, bytes - bare);
  return JSON.stringify({ records: [record] });
}
