import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import published from 'http-cache-tests/results/index.mjs';

const suite = dirname(createRequire(import.meta.url).resolve('http-cache-tests/package.json'));
const NAMES = { httpd: 'Apache httpd', ATS: 'Apache Traffic Server' };

/** Shared caches whose results for these very cases come with the package. */
export const sameList = resultsOf(({ type }) => type !== 'browser');

/** Browsers, whose caches are private. */
export const browsers = resultsOf(({ type }) => type === 'browser');

function resultsOf(isMeant) {
  return published.filter(isMeant).map(({ file, name, version }) => ({
    name: NAMES[name] ?? name,
    version,
    results: JSON.parse(readFileSync(join(suite, 'results', file), 'utf8')),
  }));
}

/** Published for the newer list, of 160 required and 105 optimal cases; with dependencies where that is known. */
export const newerList = [
  {
    name: 'cachegate, mode `rfc`¹',
    required: 160,
    requiredCounted: 160,
    optimal: 99,
    optimalCounted: 99,
  },
  {
    name: 'cachegate, mode `safe`¹',
    required: 158,
    requiredCounted: 158,
    optimal: 98,
    optimalCounted: 98,
  },
  { name: 'Apache httpd', required: 141, requiredCounted: 131, optimal: 69 },
  { name: 'Varnish', required: 138, optimal: 49 },
  { name: 'Squid', required: 138, optimal: 59 },
  { name: 'Caddy', required: 138, optimal: 44 },
  { name: 'Apache Traffic Server', required: 136, optimal: 74, optimalCounted: 70 },
  { name: 'undici 7’s cache, in process', required: 133, requiredCounted: 125, optimal: 65 },
  { name: 'HAProxy', required: 126, optimal: 40 },
  { name: 'nginx', required: 115, optimal: 66 },
  { name: 'Fastly', required: 115, optimal: 57 },
];
