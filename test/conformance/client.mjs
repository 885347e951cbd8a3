// The suite's client: `client.mjs <cache> <mode> <URL> [id…]` asks the URL by the client that the cache needs, and prints the
// results of all cases or of those named.
import { createRequire } from 'node:module';
import { getResults, runTests } from 'http-cache-tests/client/runner.mjs';
import { openIntercepted } from './cache-interceptor.mjs';
import { openCachedFetch } from './cached-fetch.mjs';
import { suitesFor } from './cases.mjs';

const [cache, mode, base, ...ids] = process.argv.slice(2);

const fetch = await open();
const suites = suitesFor(cache);
const asked = ids.length === 0 ? suites : suites.map((suite) => ({ ...suite, tests: named(suite) }));
await runTests(asked, fetch, false, base);
process.stdout.write(`${JSON.stringify(getResults())}\n`, () => process.exit());

function open() {
  if (cache === 'gate') return plainFetch();
  if (cache === 'interceptor') return openIntercepted({ origin: base, mode });
  return openCachedFetch({ type: cache, origin: base, mode });
}

/** The suite was written for this client; Node's own fetch adds Cache-Control to what the cases send. */
function plainFetch() {
  const ofSuite = createRequire(createRequire(import.meta.url).resolve('http-cache-tests/package.json'));
  return ofSuite('node-fetch');
}

function named({ tests }) {
  return tests.filter(({ id }) => ids.includes(id));
}
