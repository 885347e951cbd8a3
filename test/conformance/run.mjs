// `npm run conformance [-- --only memory-rfc,… --runs N --retry --json --write-docs]`: http-cache-tests, through gates,
// the cached fetch and the interceptor.
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { main, PROJECT, Stop } from '../../scripts/prepare.mjs';
import { allCases } from './cases.mjs';
import { combinations } from './combinations.mjs';
import { createDocument, rowOf } from './document.mjs';
import { readExceptions } from './exceptions.mjs';
import { readOptions } from './options.mjs';
import { asJson, describeRun, differences } from './report.mjs';
import { runAll } from './run-all.mjs';

const EXCEPTIONS = join(import.meta.dirname, 'exceptions.yaml');
const DOCUMENT = join(PROJECT, 'docs', 'conformance.md');

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

await main(async () => {
  const options = readOptions(process.argv.slice(2));
  const outcome = await conform(options).catch((error) => ({
    error,
    hasFailed: true,
    text: `${error.stack}`,
  }));
  if (options.report !== undefined) await writeReport(options.report, outcome);
  if (outcome.error !== undefined) throw outcome.error;
  console.log(options.json ? JSON.stringify(outcome.json, null, 2) : outcome.text);
  return outcome.hasFailed ? 1 : 0;
});

async function conform(options) {
  if (!existsSync(join(PROJECT, 'dist'))) throw new Stop('Build first: npm run build');
  const exceptions = await readExceptions(EXCEPTIONS, allCases);
  const { runs, direct } = await runAll(options, exceptions);
  const faults = [
    ...differences(runs, allCases),
    ...(await documentFaults(options, { runs, direct, exceptions })),
  ];
  return {
    hasFailed: faults.length > 0 || runs.some(({ failures, stale }) => failures.length + stale.length > 0),
    text: [...runs.map(describeRun), ...faults].join('\n\n'),
    json: { runs: runs.map(asJson), faults },
  };
}

/** Writes the document, or compares it with what the runs would write: all of it, or their rows alone. */
async function documentFaults({ writeDocs, wanted }, outcome) {
  const once = { ...outcome, runs: outcome.runs.slice(0, wanted.length) };
  const isWhole = wanted.length === combinations.length;
  const text = isWhole ? createDocument(once) : undefined;
  if (writeDocs) await writeFile(DOCUMENT, text);
  const written = await readFile(DOCUMENT, 'utf8').catch(() => '');
  const isTrue = isWhole ? written === text : once.runs.every((run) => hasRow(written, rowOf(run)));
  return isTrue
    ? []
    : ['FAILED docs/conformance.md says something else: npm run conformance -- --write-docs'];
}

/** Whatever the widths of the columns. */
function hasRow(text, cells) {
  return text.split('\n').some((line) => line.replaceAll(/ +\|/g, ' |') === `| ${cells.join(' | ')} |`);
}

/** Renamed into place, so that who waits for it reads it whole. */
async function writeReport(file, { hasFailed, text }) {
  await writeFile(`${file}.part`, JSON.stringify({ hasFailed, text }));
  await rename(`${file}.part`, file);
}
