import type { Reference } from './environment.ts';
import { type Fault, faultAt } from './fault.ts';
import { describeFound, isSecretName, showUnquoted } from './found.ts';
import type { Path } from './path.ts';
import type { Source } from './source.ts';

// The faults of single values, in the same words wherever a value is checked.

/** A variable that is needed, and has no value. */
export function lackingFault({ name, from }: Reference, path: Path, accepted: string | undefined): Fault {
  return faultAt(path, [name], from === 'unset' ? 'not set' : 'set, but empty', accepted ?? 'any text');
}

interface Place {
  readonly path: Path;
  /** Where the value came from, when not from the file's own text. */
  readonly source: Source | undefined;
  /** Whether what stands there is never shown, whatever it is. */
  readonly secret: boolean;
  readonly accepted?: string | undefined;
  /** The schema's own default. */
  readonly fallback?: string | undefined;
}

/** A value that is not accepted where it stands. */
export function unfitFault(value: unknown, place: Place): Fault {
  const { path, source, accepted = 'another value' } = place;
  const names = source?.names ?? [];
  const secret = place.secret || names.some(isSecretName);
  const given = source?.fallback === undefined ? place.fallback : showUnquoted(source.fallback, secret);
  const text = given === undefined ? accepted : `${accepted}, default ${given}`;
  return faultAt(path, names, describeFound(value, secret), text);
}

/** What is to blame for a value that was made of references. */
export function sourceOf(references: readonly Reference[], whole: boolean): Source {
  const names = [...new Set(references.map(({ name }) => name))];
  const [first] = references;
  return whole && first?.from === 'variable' ? { names, fallback: first.fallback } : { names };
}
