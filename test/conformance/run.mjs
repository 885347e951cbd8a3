// `npm run conformance [-- --only memory-rfc,… --runs N --retry --json --write-docs]`: http-cache-tests, through gates.
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main, PROJECT, Stop } from '../../scripts/prepare.mjs';
import { cases } from './cases.mjs';
import { createChildren } from './children.mjs';
import { askAll, startGate, startOrigin } from './combinations.mjs';
import { countCases, passedAlone } from './count.mjs';
import { createDocument } from './document.mjs';
import { judge, readExceptions } from './exceptions.mjs';
import { readOptions } from './options.mjs';
import { asJson, describeRun, differences } from './report.mjs';

const EXCEPTIONS = join(import.meta.dirname, 'exceptions.yaml');
const DOCUMENT = join(PROJECT, 'docs', 'conformance.md');
/** The suite waits far more than it works. */
const AT_ONCE = 2;

await main(async () => {
  const options = readOptions(process.argv.slice(2));
  if (!existsSync(join(PROJECT, 'dist'))) throw new Stop('Build first: npm run build');
  const exceptions = await readExceptions(EXCEPTIONS, cases);
  const { runs, direct } = await runAll(options, exceptions);
  const faults = [
    ...differences(runs, cases),
    ...(await documentFaults(options, { runs, direct, exceptions })),
  ];
  const failed = faults.length > 0 || runs.some(({ failures, stale }) => failures.length + stale.length > 0);
  const text = [...runs.map(describeRun), ...faults].join('\n\n');
  console.log(options.json ? JSON.stringify({ runs: runs.map(asJson), faults }, null, 2) : text);
  if (options.report !== undefined) await writeReport(options.report, { failed, text });
  return failed ? 1 : 0;
});

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));

/** Renamed into place, so that who waits for it reads it whole. */
async function writeReport(file, report) {
  await writeFile(`${file}.part`, JSON.stringify(report));
  await rename(`${file}.part`, file);
}
