import { isDeepStrictEqual } from 'node:util';
import { type Fault, faultAt } from './fault.ts';
import type { Config } from './schema.ts';

/** What a process takes on while it runs; all else is made once, at its start. */
const TAKEN_ON: ReadonlySet<string> = new Set([
  ...['services', 'purge', 'mode', 'trusted_proxies', 'shutdown_timeout_ms', 'tls'],
  ...['logging_level', 'log_cache_hits', 'log_cache_misses', 'log_ttl_info', 'log_timing_metrics'],
  'aggregate_log_interval',
]);

/** What of a configuration only a restart can bring, each named. */
export function reloadFaults(current: Config, next: Config): Fault[] {
  const names = [...new Set([...Object.keys(current), ...Object.keys(next)])] as (keyof Config)[];
  const changed = names.filter(
    (name) => !TAKEN_ON.has(name) && !isDeepStrictEqual(current[name], next[name]),
  );
  return [
    ...changed.map((name) => restartFault([name])),
    ...changedTls(current, next),
    ...newUpgrades(current, next),
  ];
}

function restartFault(path: readonly string[]): Fault {
  return faultAt([...path], [], 'found another value than is in force', 'the same one until a restart');
}

/** The files may have other contents; whether there are any is the listener's matter. */
function changedTls(current: Config, next: Config): Fault[] {
  return (current.tls === undefined) === (next.tls === undefined) ? [] : [restartFault(['tls'])];
}

/** The listener is told at its start which protocols a connection may change to. */
function newUpgrades(current: Config, next: Config): Fault[] {
  const known = new Set(Object.values(current.services).flatMap(upgradesOf));
  return Object.entries(next.services).flatMap(([name, service]) =>
    upgradesOf(service).every((protocol) => known.has(protocol))
      ? []
      : [restartFault(['services', name, 'upgrade'])],
  );
}

function upgradesOf({ upgrade }: Config['services'][string]): readonly string[] {
  return upgrade === 'off' ? [] : upgrade;
}
