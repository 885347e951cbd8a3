import { availableParallelism } from 'node:os';
import { Command, Option } from 'commander';
import { ConfigError, faultAt } from '../config/fault.ts';
import { describeFound } from '../config/found.ts';
import type { LoadOptions } from '../config/load-config.ts';
import type { Overrides } from '../config/overrides.ts';
import { reloadSignal } from './reload-signal.ts';
import { stopSignal } from './stop-signal.ts';

interface ServeOptions {
  readonly config?: string;
  readonly origin?: readonly string[];
  readonly listen?: string;
  readonly store?: string;
  readonly mode?: string;
  readonly workers?: string;
}

const EXAMPLES = `
Without --config and --origin, cachegate.yaml (.yml, .json, .ts, .mts, .js, .mjs) in this folder is served.

Examples:
  $ cachegate serve --origin https://api.example.com
  $ cachegate serve --origin https://api.example.com --listen :8080 --store redis://127.0.0.1:6379
  $ cachegate serve --config cachegate.yaml --origin airtable=http://127.0.0.1:9001
  $ cachegate serve --config cachegate.yaml --workers auto
`;

export function serveCommand(): Command {
  return new Command('serve')
    .description('serve an origin, or the services of a configuration file')
    .option('--config <file>', 'the configuration file')
    .option(
      '--origin <url>',
      'the origin; with a file NAME=URL, the origin of one service (repeatable)',
      append,
    )
    .option('--listen <address>', 'where to listen: HOST:PORT, [IPv6]:PORT, :PORT or unix:/path')
    .option(
      '--store <url>',
      'the store: memory:, none:, lmdb:PATH, kv-rest:, or redis|rediss|valkey|valkeys://…',
    )
    .addOption(modeOption())
    .option('--workers <number|auto>', 'how many processes serve; auto: as many as can run at once')
    .addHelpText('after', EXAMPLES)
    .action(serve);
}

function modeOption(): Option {
  const description = 'what is stored: what is safe to share, or all that RFC 9111 lets be shared';
  const option = new Option('--mode <safe|rfc>', description);
  // For the help and for completion; another value is told as that of any other setting.
  option.argChoices = ['safe', 'rfc'];
  return option;
}

function append(value: string, values: readonly string[] = []): string[] {
  return [...values, value];
}

/** Serves until SIGTERM or SIGINT, then finishes what is under way. */
async function serve(options: ServeOptions): Promise<void> {
  const source = await sourceOf(options);
  const { loadConfig } = await import('../config/load-config.ts');
  const load = async () => loadConfig({ ...source, env: process.env });
  const reloads = reloadSignal(load);
  const config = await load();
  const stopped = stopSignal();
  const { createLog } = await import('../observe/log.ts');
  const log = createLog({ level: config.logging_level });
  const count = config.workers === 'auto' ? availableParallelism() : config.workers;
  if (count > 1) {
    const { serveWithWorkers } = await import('../workers/serve-with-workers.ts');
    return serveWithWorkers(config, { count, source, stopped, log, reloads });
  }
  // Loaded after the checks, so that a bad configuration is told at once.
  const { startServer } = await import('../server.ts');
  const server = await startServer(config, { env: process.env, log });
  reloads.use(log, (loading) => server.reload(loading));
  await stopped;
  await server.close(config.shutdown_timeout_ms);
}

type Source = Omit<LoadOptions, 'env'>;

async function sourceOf(options: ServeOptions): Promise<Source> {
  const { config, origin = [], listen, store, mode, workers } = options;
  const cwd = process.cwd();
  const isSingle = config === undefined && origin.length > 0;
  const file = isSingle ? undefined : (config ?? (await foundHere(cwd)));
  const origins = isSingle ? singleOrigin(origin) : namedOrigins(origin);
  const overrides: Overrides = { listen, store, mode, workers, origins };
  return { file, cwd, overrides };
}

async function foundHere(cwd: string): Promise<string> {
  const { findConfig } = await import('./find-config.ts');
  return findConfig(cwd, 'serve', '--origin URL');
}

function singleOrigin(values: readonly string[]): Record<string, string> {
  const [url = '', ...more] = values;
  if (more.length > 0) refuse('given more than once', 'one URL without --config');
  return { default: url };
}

function namedOrigins(values: readonly string[]): Record<string, string> {
  const pairs = values.map((value) => /^([a-z][a-z0-9_-]*)=(.*)$/s.exec(value)?.slice(1) ?? malformed(value));
  return Object.fromEntries(pairs);
}

function malformed(value: string): never {
  refuse(describeFound(value, false), 'NAME=URL with --config');
}

function refuse(found: string, accepted: string): never {
  throw new ConfigError([faultAt('', ['--origin'], found, accepted)]);
}
