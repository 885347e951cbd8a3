import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';

/**
 * @typedef {object} Exception
 * @property {readonly string[]} modes
 * @property {readonly string[]} [caches] all by default
 * @property {string} reason
 * @property {string} clause
 */

/**
 * @typedef {Readonly<Record<string, Exception | readonly Exception[]>>} Exceptions by the case's id
 * @typedef {{ id: string, kind: string, message: string }} Failure
 */

export const MODES = ['safe', 'rfc'];
export const CACHES = ['gate', 'shared', 'private', 'interceptor'];

/**
 * @param {readonly import('./cases.mjs').Case[]} cases
 * @returns {Promise<Exceptions>}
 * @throws {Error} that names every entry which says too little, or names a case that can't fail a run
 */
export async function readExceptions(file, cases) {
  const exceptions = parse(await readFile(file, 'utf8')) ?? {};
  const faults = faultsIn(exceptions, cases);
  if (faults.length > 0) throw new Error(`In ${file}:\n${faults.join('\n')}`);
  return exceptions;
}

/** @returns {string[]} */
export function faultsIn(exceptions, cases) {
  const kinds = new Map(cases.map(({ id, kind }) => [id, kind]));
  return exceptionsIn(exceptions).flatMap(({ id, modes = [], caches = CACHES, reason = '', clause = '' }) => {
    const wrong = [];
    if (!kinds.has(id)) wrong.push('is no case of the suite');
    if (kinds.get(id) === 'check') wrong.push('is a check, which fails no run');
    if (caches.length === 0 || caches.some((cache) => !CACHES.includes(cache)))
      wrong.push(`needs caches: ${CACHES.join(', ')}, or none for all`);
    if (modes.length === 0 || modes.some((mode) => !MODES.includes(mode)))
      wrong.push(`needs modes: ${MODES.join(', ')} or both`);
    if (reason === '' || clause === '') wrong.push('needs a reason and a clause');
    return wrong.map((fault) => `${id} ${fault}`);
  });
}

/** @returns {readonly (Exception & { id: string })[]} one by one */
export function exceptionsIn(exceptions) {
  return Object.entries(exceptions).flatMap(([id, all]) => [all ?? {}].flat().map((one) => ({ ...one, id })));
}

/**
 * @param {{ cache: string, mode: string }} run
 * @returns {{ failures: Failure[], excepted: string[], stale: string[] }} the failures without an exception, the ids
 *   of those with one, and the exceptions whose case passes
 */
export function judge(cases, results, exceptions, { cache, mode }) {
  const holding = exceptionsIn(exceptions).filter(
    ({ modes, caches = CACHES }) => modes.includes(mode) && caches.includes(cache),
  );
  const excepted = new Set(holding.map(({ id }) => id));
  const outcome = { failures: [], excepted: [], stale: [] };
  for (const { id, kind } of cases) {
    if (kind === 'check') continue;
    const isExcepted = excepted.has(id);
    if (results[id] === true) {
      if (isExcepted) outcome.stale.push(id);
    } else if (isExcepted) outcome.excepted.push(id);
    else outcome.failures.push({ id, kind, message: messageOf(results[id]) });
  }
  return outcome;
}

function messageOf(result) {
  if (result === undefined) return 'no result';
  const [name, message] = result;
  // The suite's word for it is bare: its origin saw one request of the client more than once.
  if (name === 'Setup' && message === 'retry')
    return 'Setup: the origin was asked twice for one request (retry)';
  return `${name}: ${message}`;
}
