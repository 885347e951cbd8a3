import { createRequire } from 'node:module';
import suites from 'http-cache-tests/tests/index.mjs';
import surrogateControl from 'http-cache-tests/tests/surrogate-control.mjs';

/**
 * @typedef {object} Case
 * @property {string} id
 * @property {'required' | 'optimal' | 'check'} kind what RFC 9111 demands, what a good cache does, or a mere question
 * @property {readonly string[]} dependsOn the cases without which this one shows nothing
 * @property {boolean} [isPrivates] it is about a private cache alone
 * @property {boolean} [isBrowsers] the suite asks it of browsers
 */

export const KINDS = ['required', 'optimal', 'check'];

/** The suites as their client runs them. */
const allSuites = [...suites, surrogateControl];

/** @type {readonly Case[]} */
export const allCases = allSuites.flatMap(({ tests }) =>
  tests.map(({ id, kind = 'required', depends_on = [], browser_only = false, browser_skip = false }) => ({
    id,
    kind,
    dependsOn: depends_on,
    isPrivates: browser_only,
    isBrowsers: !browser_skip,
  })),
);

/** @type {readonly Case[]} what a shared cache is asked */
export const cases = allCases.filter(({ isPrivates }) => !isPrivates);

/** What a cache is asked: a private one all there is, though a part is about shared ones. */
export function casesFor(cache) {
  return cache === 'private' ? allCases : cases;
}

/** @type {readonly Case[]} what the suite asks of browsers, whose caches are private */
export const browserCases = allCases.filter(({ isBrowsers }) => isBrowsers);

/** The same as the suite's runner takes it, which leaves out by these marks what it does not run. */
export function suitesFor(cache) {
  const ids = new Set(casesFor(cache).map(({ id }) => id));
  return allSuites.map((suite) => ({
    ...suite,
    tests: suite.tests
      .filter(({ id }) => ids.has(id))
      .map(({ browser_only: _, browser_skip: __, ...test }) => test),
  }));
}

export const { version: suiteVersion } = createRequire(import.meta.url)('http-cache-tests/package.json');
