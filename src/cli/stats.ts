import { Command } from 'commander';
import { ConfigError, faultAt } from '../config/fault.ts';
import type { Estimate, HitCounts, Stats, StatsOff } from '../statistics/stats.ts';
import { type Target, withAdmin, withTargetOptions } from './admin-target.ts';
import { isNumber, isText, nullable, recordOf, shapeOf } from './answer-shape.ts';
import { createFormat } from './format.ts';
import { print, printJson } from './print.ts';
import { statsText } from './stats-text.ts';

const EXAMPLES = [
  'cachegate stats',
  'cachegate stats --admin http://127.0.0.1:9180',
  'cachegate stats --json | jq .hit_rate',
  'cachegate stats --store --config cachegate.yaml',
];

interface StatsTarget extends Target {
  readonly store?: boolean;
}

export function statsCommand(): Command {
  const command = new Command('stats').description('how often the cache has answered, and what it holds');
  return withTargetOptions(command, EXAMPLES)
    .option(
      '--store',
      'ask the store of the configuration file itself: no server need run (statistics_storage: redis)',
    )
    .action(stats);
}

async function stats(target: StatsTarget): Promise<void> {
  if (target.store === true && target.admin !== undefined) {
    // Each asks somebody else, so that the figures would be another's than was meant.
    throw new ConfigError([faultAt('', ['--store', '--admin'], 'found both', 'one of them')]);
  }
  const answer = target.store === true ? await statsOfStore(target) : await statsOfServer(target);
  if (target.json) printJson(answer);
  else print(statsText(answer, createFormat()));
}

function statsOfServer(target: Target): Promise<Stats | StatsOff> {
  return withAdmin(target, 'stats', (client) => client.ask('GET', '/stats', isStats));
}

/** Loaded only where it is used. */
async function statsOfStore({ config }: Target): Promise<Stats> {
  const [cwd, env] = [process.cwd(), process.env];
  const { findConfig } = await import('./find-config.ts');
  const file = config ?? (await findConfig(cwd, 'stats', '--admin URL'));
  const { loadConfig } = await import('../config/load-config.ts');
  const { readStatistics } = await import('../wiring/read-statistics.ts');
  return readStatistics(await loadConfig({ file, cwd, env }), env);
}

const counts = { hit_rate: isNumber, total_hits: isNumber, total_misses: isNumber };
const isCounts = shapeOf<HitCounts>(counts);
const isEstimate = nullable(shapeOf<Estimate>({ value: isNumber, low: isNumber, high: isNumber }));
const isOn = shapeOf<Stats>({
  ...counts,
  enabled: (found) => found === true,
  storage_type: isText,
  statistics_storage: isText,
  redis_url: nullable(isText),
  total_requests: isNumber,
  total_entries: nullable(isNumber),
  cache_size_bytes: nullable(isNumber),
  cache_size_mb: nullable(isNumber),
  average_ttl_remaining: nullable(isNumber),
  average_ttl_remaining_hours: nullable(isNumber),
  per_service: recordOf(isCounts),
  sample: nullable(
    shapeOf<NonNullable<Stats['sample']>>({
      size: isNumber,
      average_ttl_remaining: isEstimate,
      cache_size_bytes: isEstimate,
    }),
  ),
});
const isOff = shapeOf<StatsOff>({ enabled: (found) => found === false });

export function isStats(answer: unknown): answer is Stats | StatsOff {
  return isOff(answer) || isOn(answer);
}
