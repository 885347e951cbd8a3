import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { SHORT_RUN } from './short-run.mjs';

interface Outcome {
  readonly hasFailed: boolean;
  readonly text: string;
}

it('passes the cases of http-cache-tests but for the exceptions', async () => {
  // `npm test` has begun the run before vitest, for it mostly waits.
  const begun = process.env.CONFORMANCE_REPORT;
  const outcome = begun === undefined ? await run() : await reportOf(begun);
  expect(outcome.hasFailed, outcome.text).toBe(false);
}, 300_000);

async function run(): Promise<Outcome> {
  const child = spawn(process.execPath, SHORT_RUN, { stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { hasFailed: child.exitCode !== 0, text: output + errors };
}

async function reportOf(file: string): Promise<Outcome> {
  for (;;) {
    const report = await readFile(file, 'utf8').catch(() => undefined);
    if (report !== undefined) return JSON.parse(report);
    await delay(200);
  }
}
