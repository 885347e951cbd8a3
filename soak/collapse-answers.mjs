import { ORIGIN_TIME_MS } from './collapse-origin.mjs';

// Beyond the one answer that it waits for, a request is on its way for as long as two cores take for thousands of them.
const SETTLING_MS = 8_000;

/**
 * The answers of the origin by target, `number` being the origin's count; `shared`: one of them answers everyone.
 *
 * @type {Record<string, { about: string, shared?: true, fieldsOf: (number: number) => Record<string, string | number> }>}
 */
export const ANSWERS = {
  '/storable': { about: 'max-age', shared: true, fieldsOf: () => ({ 'Cache-Control': 'max-age=60' }) },
  '/private': { about: 'private', fieldsOf: () => ({ 'Cache-Control': 'private, max-age=60' }) },
  '/no-store': { about: 'no-store', fieldsOf: () => ({ 'Cache-Control': 'no-store' }) },
  '/cookie': {
    about: 'Set-Cookie',
    fieldsOf: (number) => ({ 'Cache-Control': 'max-age=60', 'Set-Cookie': `id=${number}` }),
  },
  '/failed': { about: '500', fieldsOf: () => ({ status: 500 }) },
  '/no-cache': {
    about: 'no-cache, ETag',
    fieldsOf: (number) => ({ 'Cache-Control': 'no-cache', ETag: `"${number}"` }),
  },
  '/varied': {
    about: 'Vary, each another',
    fieldsOf: () => ({ 'Cache-Control': 'max-age=1', Vary: 'Client' }),
  },
};

/** How long each client's request took to the origin; empty where one request answered all. */
export function heldMs(received, { asked }) {
  if (asked.length < received.length) return [];
  const sentAt = received.map((each) => each.sentAt);
  return asked.map(({ at, client }) => at - sentAt[client]);
}

export function answeredMs(received) {
  return received.map(({ sentAt, doneAt }) => doneAt - sentAt);
}

/**
 * @param {string} target
 * @param {import('./crowd.mjs').Received[]} received
 * @param {import('./collapse-origin.mjs').Round} round
 */
export function faultsOf(target, received, round) {
  const { shared = false, fieldsOf } = ANSWERS[target];
  const broken = received.filter(({ error }) => error !== null);
  if (broken.length > 0)
    return [`${broken.length} clients got no answer, the first because ${broken[0].error}`];
  const { asked, gaveUp } = round;
  const faults = gaveUp === null ? [] : [gaveUp];
  if (asked.length !== round.expected) faults.push(`the origin was asked ${asked.length} times`);
  const expected = fieldsOf(0).status ?? 200;
  const others = received.filter(({ status }) => status !== expected).length;
  if (others > 0) faults.push(`${others} answers were not ${expected}`);
  if (!shared) faults.push(...ownFaults(received, round, fieldsOf));
  else if (new Set(received.map(({ body }) => body)).size > 1) faults.push('not all had the same answer');
  return faults;
}

/** Each client has the answer that the origin gave to this client, and did not wait long for it to be asked. */
function ownFaults(received, { asked }, fieldsOf) {
  const faults = [];
  const crossed = received.filter(({ body, cookie }, client) => {
    const { number } = JSON.parse(body);
    const set = fieldsOf(number)['Set-Cookie'] ?? null;
    return asked[number]?.client !== client || cookie !== set;
  });
  if (crossed.length > 0) faults.push(`${crossed.length} clients had the answer of another`);
  const longest = Math.max(0, ...heldMs(received, { asked }));
  if (longest > ORIGIN_TIME_MS + SETTLING_MS) faults.push(`a request was held for ${Math.round(longest)} ms`);
  return faults;
}
