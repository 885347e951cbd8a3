import { CachegateError } from '../../errors.ts';

const YEAR_SECONDS = 31_536_000;

/**
 * Seconds of an option in milliseconds.
 * @throws CachegateError `ERR_CONFIG_INVALID` for what is no number from `least` to a year
 */
export function optionMs(name: string, seconds: number, least: number): number {
  if (typeof seconds === 'number' && seconds >= least && seconds <= YEAR_SECONDS) return seconds * 1000;
  const message = `${name}: a number of seconds from ${least} to ${YEAR_SECONDS} is accepted`;
  throw new CachegateError('ERR_CONFIG_INVALID', message);
}
