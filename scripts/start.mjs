// @ts-check
// `npm start`: serves examples/wagtail-airtable in front of two sample servers of its own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { commandsToTry } from '../examples/wagtail-airtable/sample/commands-to-try.mjs';
import { installDependencies, main, PROJECT, requireNode, run } from './prepare.mjs';

const GATE = 'http://127.0.0.1:8080';
const READY = 'http://127.0.0.1:9180/readyz';
const READY_WITHIN_MS = 20_000;
/** npm passes a Ctrl-C on that the terminal has already sent: within this time it is one signal, not two. */
const SAME_SIGNAL_MS = 500;

await main(async () => {
  requireNode();
  installDependencies();
  if (isBuildStale()) run('npm', ['run', 'build']);
  return serve();
});

/** The schema is what a build makes last. Folders count too: their times change when a file goes. */
function isBuildStale() {
  const built = modifiedAt('dist/cachegate.schema.json');
  const sources = readdirSync(resolve(PROJECT, 'src'), { recursive: true }).map((path) => `src/${path}`);
  const inputs = ['src', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', ...sources];
  return inputs.some((path) => modifiedAt(path) > built);
}

/** @param {string} path */
function modifiedAt(path) {
  return statSync(resolve(PROJECT, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

async function serve() {
  const { startAuthority, SAMPLE_SESSION } = await import(
    '../examples/wagtail-airtable/sample/authority.mjs'
  );
  const { startAirtableOrigin, SAMPLE_TABLE } = await import(
    '../examples/wagtail-airtable/sample/airtable-origin.mjs'
  );
  const [authority, origin] = await Promise.all([startAuthority(), startAirtableOrigin()]);
  try {
    // What answers already is another process: this one will then say itself which port is taken.
    const taken = await isReady();
    const gate = spawnGate(origin.url, {
      WAGTAIL_API_URL: authority.apiUrl,
      AIRTABLE_API_KEY: SAMPLE_TABLE.apiKey,
      AIRTABLE_BASE_ID: SAMPLE_TABLE.baseId,
      AIRTABLE_TABLE_NAME: SAMPLE_TABLE.tableName,
    });
    const exit = once(gate, 'exit');
    passSignalsTo(gate);
    process.once('exit', () => gate.kill());
    if (!taken && (await becomesReady(gate))) printCommands(SAMPLE_SESSION);
    const [code, signal] = await exit;
    return code ?? 128 + constants.signals[/** @type {NodeJS.Signals} */ (signal)];
  } finally {
    await Promise.all([authority.close(), origin.close()]);
  }
}

/**
 * The sample's required settings replace those of the environment, so that no real key is ever used here; the
 * optional ones (SESSION_CACHE_TTL, CACHE_URL, …) are taken as they are.
 *
 * @param {string} originUrl
 * @param {Record<string, string>} settings
 */
function spawnGate(originUrl, settings) {
  const config = 'examples/wagtail-airtable/cachegate.yaml';
  const args = ['dist/cli/main.js', 'serve', '--config', config, '--origin', `airtable=${originUrl}`];
  // A group of its own: the terminal's Ctrl-C reaches it through this process, once.
  return spawn(process.execPath, args, {
    cwd: PROJECT,
    env: { ...process.env, ...settings },
    stdio: 'inherit',
    detached: true,
  });
}

/** @param {import('node:child_process').ChildProcess} gate */
function passSignalsTo(gate) {
  let last = -Infinity;
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      const now = performance.now();
      if (now - last >= SAME_SIGNAL_MS) gate.kill(signal);
      last = now;
    });
  }
}

async function isReady() {
  const response = await fetch(READY, { signal: AbortSignal.timeout(1000) }).catch(() => null);
  return response?.ok === true;
}

/** @param {import('node:child_process').ChildProcess} gate */
async function becomesReady(gate) {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (gate.exitCode === null && gate.signalCode === null) {
    if (await isReady()) return true;
    if (performance.now() > deadline) {
      console.error(`${READY} does not answer 200 after ${READY_WITHIN_MS / 1000} s. Stopping.`);
      gate.kill();
      return false;
    }
    await delay(50);
  }
  return false;
}

/** @param {string} session */
function printCommands(session) {
  console.log(`
cachegate serves ${GATE}; try these in another terminal, Ctrl-C ends it.

${commandsToTry(GATE, session)}`);
}
