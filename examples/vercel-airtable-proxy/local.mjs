// @ts-check
// `npm run example:vercel`: the function on this machine, in front of two sample servers, without an account.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { SAMPLE_TABLE, startAirtableOrigin } from '../wagtail-airtable/sample/airtable-origin.mjs';
import { SAMPLE_SESSION, startAuthority } from '../wagtail-airtable/sample/authority.mjs';
import { commandsToTry } from '../wagtail-airtable/sample/commands-to-try.mjs';
import { servePlatform } from './platform.mjs';

const HERE = import.meta.dirname;
const PACKAGE = resolve(HERE, '../..');
const PORT = Number(process.env.PORT ?? 3000);

const [authority, origin] = await Promise.all([startAuthority(), startAirtableOrigin()]);
// The sample's own, so that no real key is ever used here; what is optional is taken from the environment as it is.
Object.assign(process.env, {
  WAGTAIL_API_URL: authority.apiUrl,
  AIRTABLE_API_URL: origin.url,
  AIRTABLE_API_KEY: SAMPLE_TABLE.apiKey,
  AIRTABLE_BASE_ID: SAMPLE_TABLE.baseId,
  AIRTABLE_TABLE_NAME: SAMPLE_TABLE.tableName,
});

linkPackage();
await makeTransform();
buildConfig();
const webFunction = await loadFunction().catch(giveUp);
const platform = await servePlatform(webFunction, { port: PORT }).catch(giveUp);
printCommands(platform.url);

/** @type {(value: unknown) => void} */
let stop = () => {};
const stopped = new Promise((resolve) => {
  stop = resolve;
});
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, stop);
await stopped;
await platform.close();
await webFunction.close();
await Promise.all([authority.close(), origin.close()]);

/** What `npm install` would put there. */
function linkPackage() {
  const link = resolve(HERE, 'node_modules/cachegate');
  if (existsSync(link)) return;
  mkdirSync(resolve(HERE, 'node_modules'), { recursive: true });
  symlinkSync(PACKAGE, link, 'junction');
}

/** `npm run transform`. */
async function makeTransform() {
  const source = createRequire(import.meta.url)('./package.json').scripts.transform.split(' ')[1];
  await build({
    entryPoints: [resolve(HERE, source)],
    outfile: resolve(HERE, 'airtable-feedback.mjs'),
    ...{ bundle: true, format: 'esm', platform: 'node', logLevel: 'warning' },
  });
}

/** The second half of `npm run vercel-build`. */
function buildConfig() {
  const args = ['build', '--config', 'cachegate.yaml', '--out', 'gate.config.mjs'];
  const command = resolve(PACKAGE, 'dist/cli/main.js');
  if (!existsSync(command)) {
    console.error('cachegate is not built yet; next, in the root of the repository: npm run example:vercel');
    process.exit(1);
  }
  const { status } = spawnSync(process.execPath, [command, ...args], { cwd: HERE, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

/** As the platform does it: each file of TypeScript becomes one of JavaScript, and nothing is bundled. */
async function loadFunction() {
  const outfile = resolve(HERE, '.local/airtable-proxy.mjs');
  await build({ entryPoints: [resolve(HERE, 'api/airtable-proxy.ts')], outfile, format: 'esm' });
  const { default: webFunction } = await import(pathToFileURL(outfile).href);
  await webFunction.ready();
  return webFunction;
}

/**
 * @param {{ code?: string }} error
 * @returns {never}
 */
function giveUp(error) {
  if (error.code === 'EADDRINUSE') console.error(`127.0.0.1:${PORT} is in use; PORT names another`);
  else if (error.code === 'ERR_SOCKET_BAD_PORT') {
    console.error(
      `PORT: found ${JSON.stringify(process.env.PORT)}; accepted: a port from 0 to 65535, default 3000`,
    );
  }
  // Each of its faults is a line of the function's log.
  else if (error.code !== 'ERR_CONFIG_INVALID') console.error(error);
  process.exit(1);
}

/** @param {string} platformUrl */
function printCommands(platformUrl) {
  const { KV_REST_API_URL, UPSTASH_REDIS_REST_URL } = process.env;
  const kvUrl = KV_REST_API_URL || UPSTASH_REDIS_REST_URL;
  const store = kvUrl ? `with the KV service at ${new URL(kvUrl).host}` : 'from its own memory';
  console.log(`
The function answers at ${platformUrl}, ${store}; try these in another terminal, Ctrl-C ends it.

${commandsToTry(platformUrl, SAMPLE_SESSION)}`);
}
