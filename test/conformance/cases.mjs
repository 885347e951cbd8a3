import { createRequire } from 'node:module';
import suites from 'http-cache-tests/tests/index.mjs';
import surrogateControl from 'http-cache-tests/tests/surrogate-control.mjs';

/**
 * @typedef {object} Case
 * @property {string} id
 * @property {'required' | 'optimal' | 'check'} kind what RFC 9111 demands, what a good cache does, or a mere question
 * @property {readonly string[]} dependsOn the cases without which this one shows nothing
 */

export const KINDS = ['required', 'optimal', 'check'];

/** The suites as their client runs them. */
export const allSuites = [...suites, surrogateControl];

/** @type {readonly Case[]} what runs outside a browser */
export const cases = allSuites.flatMap(({ tests }) =>
  tests
    .filter(({ browser_only }) => browser_only !== true)
    .map(({ id, kind = 'required', depends_on = [] }) => ({ id, kind, dependsOn: depends_on })),
);

export const { version: suiteVersion } = createRequire(import.meta.url)('http-cache-tests/package.json');
