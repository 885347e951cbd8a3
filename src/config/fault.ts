import { CachegateError } from '../errors.ts';
import { formatPath, type Path } from './path.ts';

/** One bad thing in a configuration. */
export interface Fault {
  /** Where it stands: a path in the configuration, or a file, with line and column where they are known. */
  readonly path: string;
  /** The environment variables or command-line options that the value came from. */
  readonly names: readonly string[];
  /** `found "abc"`, `not set`, `missing`, …; never a secret. */
  readonly found: string;
  /** What is accepted there: kind, range, unit and default. */
  readonly accepted: string;
}

export function faultAt(
  path: Path | string,
  names: readonly string[],
  found: string,
  accepted: string,
): Fault {
  return { path: typeof path === 'string' ? path : formatPath(path), names, found, accepted };
}

/** `NAME (path): found …; accepted: …`, one line. */
export function formatFault({ path, names, found, accepted }: Fault): string {
  const place = names.length === 0 ? path : path === '' ? names.join(', ') : `${names.join(', ')} (${path})`;
  return `${place}: ${found}; accepted: ${accepted}`;
}

/** What lacks because of a fault inside of it is none of its own. */
export function notYetAmong(known: readonly Fault[], more: readonly Fault[]): Fault[] {
  return more.filter(({ path }) => !known.some((fault) => isWithin(fault.path, path)));
}

function isWithin(path: string, block: string): boolean {
  return path.startsWith(block) && /^(?:$|[.[])/.test(path.slice(block.length));
}

/** A configuration that cannot be used; `code` is `ERR_CONFIG_INVALID`, and the message has a line for each fault. */
export class ConfigError extends CachegateError {
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    super('ERR_CONFIG_INVALID', faults.map(formatFault).join('\n'));
    this.name = 'ConfigError';
    this.faults = faults;
  }
}
