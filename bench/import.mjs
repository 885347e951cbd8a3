// `node bench/import.mjs [--rounds N]` (after `npm run build`): what importing the gate as a function costs a cold start,
// beside what it costs to import a client of the KV service and a rate limit by it alone.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { runCommand } from './command.mjs';
import { measureImports } from './import-times.mjs';
import { median, quantile } from './measure.mjs';
import { wholeNumber } from './options.mjs';
import { describeMachine } from './tools.mjs';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const DEFAULT_ROUNDS = 40;
const BUILD_DEADLINE_MS = 60_000;
/** Times and bytes of the first case. */
const WANTED = 2;

/** A gate as the example's, without its transform: sessions, limits and responses on a KV service. */
const CONFIG = `
store: "kv-rest:"
services:
  airtable:
    path: /api/airtable-proxy
    origin: https://api.example.com
    methods: [GET, HEAD]
    request_headers:
      Authorization: Bearer \${AIRTABLE_API_KEY}
    session: { authority: wagtail, url: "\${WAGTAIL_API_URL}" }
    rate_limit:
      session: { limit: 10, window_seconds: 10 }
      address: { limit: 60, window_seconds: 10 }
    cache: { ttl_seconds: 60, force: true }
`;
const ENVIRONMENT = {
  AIRTABLE_API_KEY: 'key-of-the-benchmark',
  WAGTAIL_API_URL: 'https://cms.example.com/admin',
  KV_REST_API_URL: 'https://kv.example.com',
  KV_REST_API_TOKEN: 'token-of-the-benchmark',
};

const UPSTASH = `
export { Redis } from '@upstash/redis';
export { Ratelimit } from '@upstash/ratelimit';
`;
const FUNCTION = `
import { createGate } from 'cachegate/vercel';
import config from './gate.config.mjs';
export default createGate(config);
`;
const STARTED = `
import gate from './function.mjs';
await gate.ready();
`;

const CASES = [
  { name: '`@upstash/redis` and `@upstash/ratelimit`', file: 'upstash.mjs', code: UPSTASH },
  {
    name: 'the gate as a function (`cachegate/vercel`)',
    file: 'function.mjs',
    code: FUNCTION,
    wanted: WANTED,
  },
  { name: 'the same, and its start (`gate.ready()`)', file: 'started.mjs', code: STARTED },
];

await runCommand(parse, main);

function parse() {
  const { values } = parseArgs({ options: { rounds: { type: 'string' } } });
  return { rounds: wholeNumber('--rounds', values.rounds, DEFAULT_ROUNDS, 1_000) };
}

async function main({ rounds }, signal) {
  // In the project, so that the files find the packages, this one among them.
  const cache = join(PROJECT, '.cache');
  await mkdir(cache, { recursive: true });
  const directory = await mkdtemp(join(cache, 'import-'));
  try {
    const files = await writeCases(directory, signal);
    const measured = await measureImports(files, { rounds, signal, env: ENVIRONMENT });
    const { processor, node } = describeMachine();
    console.log(`${processor}; Node ${node}. Medians of ${rounds} fresh processes each, in turn.\n`);
    console.log(render(measured));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function writeCases(directory, signal) {
  const config = join(directory, 'cachegate.yaml');
  await writeFile(config, CONFIG);
  const command = join(PROJECT, 'dist', 'cli', 'main.js');
  const args = [command, 'build', '--config', config, '--out', join(directory, 'gate.config.mjs')];
  await promisify(execFile)(process.execPath, args, { timeout: BUILD_DEADLINE_MS, signal });
  for (const { file, code } of CASES) await writeFile(join(directory, file), code);
  return CASES.map(({ file }) => join(directory, file));
}

function render(measured) {
  const [base] = measured;
  const lines = measured.map(({ ms, rss, heap, rounds }, i) => {
    const times = rounds.map((round) => round.ms);
    const ratios = ['ms', 'rss', 'heap'].map((measure) =>
      median(rounds.map((round, n) => round[measure] / base.rounds[n][measure])),
    );
    const { name, wanted } = CASES[i];
    const range = `${quantile(times, 0.1).toFixed(0)}–${quantile(times, 0.9).toFixed(0)}`;
    return [
      ...[name, ms.toFixed(1), range, mib(rss), mib(heap)],
      ratios.map((ratio) => ratio.toFixed(2)).join(' · '),
      wanted === undefined ? '' : `≤ ${wanted}: ${Math.max(...ratios) <= wanted ? 'met' : 'not met'}`,
    ];
  });
  const head = [
    ...['imported', 'ms', '10–90 %', 'memory of the process, MiB', 'heap, MiB'],
    ...['times the first (time · process · heap)', 'wanted'],
  ];
  return [head, head.map(() => '---'), ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function mib(bytes) {
  return (bytes / 1024 / 1024).toFixed(1);
}
