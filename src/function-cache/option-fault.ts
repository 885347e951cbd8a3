import { CachegateError } from '../errors.ts';

/** @param whose what has the option, such as `a cached function` */
export function optionFault(whose: string, option: string, accepted: string): CachegateError {
  return new CachegateError('ERR_CONFIG_INVALID', `${option} of ${whose}: must be ${accepted}`);
}

/**
 * Mistyped, an option would be left alone without a word.
 * @throws CachegateError `ERR_CONFIG_INVALID`
 */
export function refuseUnknown(whose: string, options: object, known: readonly string[]): void {
  const unknown = Object.keys(options).find((option) => !known.includes(option));
  if (unknown !== undefined) {
    const message = `${unknown} of ${whose}: unknown; accepted: ${known.join(', ')}`;
    throw new CachegateError('ERR_CONFIG_INVALID', message);
  }
}
