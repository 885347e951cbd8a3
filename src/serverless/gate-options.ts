import { ConfigError, type Fault, faultAt } from '../config/fault.ts';
import { isLog, LOG_FORM } from '../observe/is-log.ts';

/**
 * Options of code that no compiler may have looked at. Each would else fail later, in other words or in none: what is given
 * to a `waitUntil` may always be refused.
 * @throws ConfigError (`ERR_CONFIG_INVALID`) with a line for each that is none
 */
export function requireGateOptions(options: {
  readonly waitUntil: unknown;
  readonly env: unknown;
  readonly log: unknown;
}): void {
  const { waitUntil, env, log } = options;
  const faults: Fault[] = [];
  if (waitUntil !== null && typeof waitUntil !== 'function') {
    faults.push(faultAt('waitUntil', [], foundOf(waitUntil), 'a function that takes a promise, or null'));
  }
  if (!isObject(env)) faults.push(faultAt('env', [], foundOf(env), 'an object of variables'));
  if (log !== undefined && !isLog(log)) {
    faults.push(faultAt('log', [], 'found what is none', LOG_FORM));
  }
  if (faults.length > 0) throw new ConfigError(faults);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

// Of a kind alone: `env` may hold secrets.
const foundOf = (value: unknown) => (value === null ? 'found null' : `found a ${typeof value}`);
