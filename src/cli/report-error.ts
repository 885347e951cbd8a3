import { ConfigError, formatFault } from '../config/fault.ts';
import { CachegateError, hasCode } from '../errors.ts';
import { CommandFailure, Incomplete } from './command-failure.ts';
import { EXIT_CODES, type ExitCode } from './exit-code.ts';

/** Writes an error in lines that begin with `cachegate: `; answers the exit code that it means. */
export function reportError(error: unknown, write: (line: string) => void): ExitCode {
  for (const line of linesOf(error)) write(`cachegate: ${line}\n`);
  if (error instanceof Incomplete) return EXIT_CODES.incomplete;
  return hasCode(error, 'ERR_CONFIG_INVALID') ? EXIT_CODES.invalid : EXIT_CODES.failure;
}

function linesOf(error: unknown): string[] {
  if (error instanceof ConfigError) return error.faults.map(formatFault);
  if (error instanceof CachegateError || error instanceof CommandFailure) return error.message.split('\n');
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `unexpected error: ${details}`.split('\n');
}
