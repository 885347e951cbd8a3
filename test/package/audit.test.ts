import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const SCRIPT = resolve(import.meta.dirname, '../../scripts/audit.mjs');
const DEPENDENCIES = { prod: 3, dev: 0, optional: 0, peer: 0, peerOptional: 0, total: 3 };
const vulnerable = (severity: string) => ({
  auditReportVersion: 2,
  vulnerabilities: {
    'left-out': {
      name: 'left-out',
      severity,
      range: '<1.2.3',
      via: [{ title: 'Reads too much', url: 'https://advisories.example/1', severity }, 'another'],
      fixAvailable: true,
    },
  },
  metadata: { dependencies: DEPENDENCIES },
});

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cachegate-audit-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('npm run audit', () => {
  it('passes where nothing is known', async () => {
    const report = { auditReportVersion: 2, vulnerabilities: {}, metadata: { dependencies: DEPENDENCIES } };
    expect(await audited(report, 0)).toEqual({ code: 0, output: 'audit: 3 packages, 0 to be replaced\n' });
  });

  it.each(['high', 'critical'])('fails for an advisory of level %s, and names it', async (severity) => {
    const { code, output } = await audited(vulnerable(severity), 1);
    expect(code).toBe(1);
    expect(output).toContain(`left-out <1.2.3 (${severity}), mended by npm audit fix`);
    expect(output).toContain('Reads too much: https://advisories.example/1');
  });

  it('passes for a lower level', async () => {
    expect((await audited(vulnerable('moderate'), 0)).code).toBe(0);
  });

  it('says that nothing was audited where the registry keeps no advisories', async () => {
    const refused = { message: '405 Method Not Allowed', statusCode: 405, error: { summary: '' } };
    const { code, output } = await audited(refused, 1);
    expect(code).toBe(0);
    expect(output).toContain('NOT audited, the registry gave no report (405)');
    expect(output).not.toContain('packages');
  });
});

/** What the script says of a report, which an npm of this test gives. */
function audited(report: object, exitCode: number): Promise<{ code: unknown; output: string }> {
  const npm = join(folder, 'npm');
  writeFileSync(npm, `#!/bin/sh\ncat <<'REPORT'\n${JSON.stringify(report)}\nREPORT\nexit ${exitCode}\n`);
  chmodSync(npm, 0o755);
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` };
  return new Promise((done) =>
    execFile(process.execPath, [SCRIPT], { env, timeout: 10_000 }, (error, stdout, stderr) =>
      done({ code: error === null ? 0 : error.code, output: stdout + stderr }),
    ),
  );
}
