import type { Scalar } from '../config/reread.ts';
import type { TextForm } from '../config/text-forms.ts';
import type { Transform } from '../gateway/transform.ts';

/** The format of what `cachegate build` writes; another is refused. */
export const COMPILED_FORMAT = 1;

/**
 * A configuration that was checked where it was built (`cachegate build`). It holds no secret and no value of the
 * environment: these are read, and checked, where it runs.
 */
export interface CompiledConfig {
  readonly format: typeof COMPILED_FORMAT;
  /** A `Config` with its defaults, as plain data; what comes from the environment is absent, and `null` in lists. */
  readonly config: Readonly<Record<string, unknown>>;
  /**
   * What was written, without the defaults: what values are held against each other by. Left out, they are not, and the
   * environment names no store.
   */
  readonly written?: Readonly<Record<string, unknown>>;
  readonly variables: readonly CompiledVariable[];
  /** The code of services, by the service's name: imported where the file is written. */
  readonly transforms: Readonly<Record<string, Transform<never>>>;
}

/** A value that comes from the environment where it runs. */
export interface CompiledVariable extends Acceptable {
  readonly path: readonly (string | number)[];
  /** A text of the configuration file, with its `${NAME}` and `${NAME:-default}`; or of a variable that is set over it. */
  readonly text: string;
  /** Nothing is there where the variable is not set: it is set over the configuration's own value. */
  readonly optional?: boolean;
  readonly secret: boolean;
}

/** What a value may be. Where nothing is said of numbers and texts, it may be any. */
export interface Acceptable {
  /** What a text is read as; `list`: it has commas between its entries. */
  readonly kind: Scalar | 'list';
  /** Of a whole number, or of how many entries a list has. */
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  /** What a text has to match, with the flags of the expression. */
  readonly pattern?: string;
  readonly flags?: string;
  readonly form?: TextForm;
  /** The entries of a list. */
  readonly each?: Acceptable;
  /** In words, for a fault: `a whole number of seconds from 1 to 86400`. */
  readonly accepted?: string;
  /** What stands there where nothing is said, where it is one word or number. */
  readonly fallback?: string;
}
