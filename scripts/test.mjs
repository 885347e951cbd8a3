// @ts-check
// `npm test [-- vitest arguments]`: everything, on a machine that has nothing but Node and npm.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SHORT_RUN } from '../test/conformance/short-run.mjs';
import { findChromium } from './chromium.mjs';
import { installDependencies, main, PROJECT, requireNode, run, Stop } from './prepare.mjs';
import { findPrometheus } from './prometheus.mjs';
import { findRuntimes } from './runtimes.mjs';
import { findRedisServer, findValkeyServer } from './valkey-server.mjs';

await main(async () => {
  const env = prepare();
  const vitest = join(PROJECT, 'node_modules', 'vitest', 'vitest.mjs');
  const wanted = process.argv.slice(2);
  const conformance = wanted.length === 0 ? beginConformance(env) : undefined;
  const args = [vitest, 'run', ...wanted];
  const options = {
    cwd: PROJECT,
    env: { ...env, ...conformance?.env },
    stdio: /** @type {const} */ ('inherit'),
  };
  try {
    return spawnSync(process.execPath, args, options).status ?? 1;
  } finally {
    conformance?.end();
  }
});

/**
 * Begun beside the tests, one of which takes its report: it waits far more than it works.
 *
 * @param {NodeJS.ProcessEnv} env
 */
function beginConformance(env) {
  const directory = mkdtempSync(join(tmpdir(), 'cachegate-test-'));
  const report = join(directory, 'conformance.json');
  const child = spawn(process.execPath, [...SHORT_RUN, '--report', report], { env, stdio: 'ignore' });
  return {
    env: { CONFORMANCE_REPORT: report },
    end: () => {
      child.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function prometheusPrograms() {
  const { PROMETHEUS, PROMTOOL } = process.env;
  if (PROMETHEUS && PROMTOOL) return { PROMETHEUS, PROMTOOL };
  const { prometheus, promtool } = findPrometheus();
  return { PROMETHEUS: PROMETHEUS || prometheus, PROMTOOL: PROMTOOL || promtool };
}

/** Answers the environment of the tests. What fails before them is one failure in the closing line. */
function prepare() {
  try {
    requireNode();
    installDependencies();
    const valkey = process.env.VALKEY_SERVER || findValkeyServer();
    const redis = process.env.REDIS_SERVER || findRedisServer() || valkey;
    const chromium = process.env.CHROMIUM || findChromium();
    const { PROMETHEUS: prometheus, PROMTOOL: promtool } = prometheusPrograms();
    const programs = {
      ...{ VALKEY_SERVER: valkey, REDIS_SERVER: redis, CHROMIUM: chromium },
      ...{ PROMETHEUS: prometheus, PROMTOOL: promtool },
      ...findRuntimes(),
    };
    const env = { ...process.env, ...programs };
    console.log(`Programs for the tests: ${[...new Set(Object.values(programs))].join(', ')}`);
    run('npm', ['run', 'check'], env);
    return env;
  } catch (error) {
    if (error instanceof Stop) process.once('exit', () => process.stdout.write('0 passed, 1 failed\n'));
    throw error;
  }
}
