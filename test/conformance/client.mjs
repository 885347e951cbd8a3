// The suite's client: asks the cache at the URL given first, and prints the results of all cases or of those named.
import { createRequire } from 'node:module';
import { getResults, runTests } from 'http-cache-tests/client/runner.mjs';
import { allSuites } from './cases.mjs';

const [base, ...ids] = process.argv.slice(2);
const ofSuite = createRequire(createRequire(import.meta.url).resolve('http-cache-tests/package.json'));
// The suite was written for this client; Node's own fetch adds Cache-Control to what the cases send.
const fetch = ofSuite('node-fetch');

const asked = ids.length === 0 ? allSuites : allSuites.map((suite) => ({ ...suite, tests: named(suite) }));
await runTests(asked, fetch, false, base);
process.stdout.write(`${JSON.stringify(getResults())}\n`, () => process.exit());

function named({ tests }) {
  return tests.filter(({ id }) => ids.includes(id));
}
