// @ts-check
// `npm test [-- vitest arguments]`: everything, on a machine that has nothing but Node and npm.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { installDependencies, main, PROJECT, requireNode, run, Stop } from './prepare.mjs';
import { findValkeyServer } from './valkey-server.mjs';

await main(async () => {
  const env = prepare();
  const vitest = join(PROJECT, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', ...process.argv.slice(2)];
  return spawnSync(process.execPath, args, { cwd: PROJECT, env, stdio: 'inherit' }).status ?? 1;
});

/** Answers the environment of the tests. What fails before them is one failure in the closing line. */
function prepare() {
  try {
    requireNode();
    installDependencies();
    const env = { ...process.env, VALKEY_SERVER: findValkeyServer() };
    console.log(`Valkey server for the tests: ${env.VALKEY_SERVER}`);
    run('npm', ['run', 'check'], env);
    return env;
  } catch (error) {
    if (error instanceof Stop) process.once('exit', () => process.stdout.write('0 passed, 1 failed\n'));
    throw error;
  }
}
