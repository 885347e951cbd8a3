import { execFile } from 'node:child_process';
import process from 'node:process';
import { promisify } from 'node:util';

// npm run audit: fails if what is shipped depends on a package with a known vulnerability of level high or critical.
// A registry that keeps no advisories (a mirror, say) can't be asked: that is said, and is no failure of the project's.

const DEADLINE_MS = 60_000;
const ARGUMENTS = ['audit', '--json', '--omit=dev', '--package-lock-only', '--audit-level=high'];

const report = await reported();
if (report.auditReportVersion === undefined) {
  console.warn(`audit: NOT audited, the registry gave no report (${report.statusCode ?? report.message})`);
  process.exit();
}
const found = Object.values(report.vulnerabilities).filter(({ severity }) => /high|critical/.test(severity));
for (const { name, severity, range, via, fixAvailable } of found) {
  console.error(`audit: ${name} ${range} (${severity})${fixAvailable ? ', mended by npm audit fix' : ''}`);
  for (const advisory of via)
    if (advisory.url !== undefined) console.error(`  ${advisory.title}: ${advisory.url}`);
}
console.log(`audit: ${report.metadata.dependencies.prod} packages, ${found.length} to be replaced`);
process.exitCode = found.length === 0 ? 0 : 1;

/** npm's report, which it also prints when it exits with a failure. */
async function reported() {
  const { stdout } = await promisify(execFile)('npm', ARGUMENTS, {
    timeout: DEADLINE_MS,
    maxBuffer: 64 * 1024 * 1024,
  }).catch((error) => error);
  try {
    return JSON.parse(stdout);
  } catch {
    return { message: 'no answer' };
  }
}
