import { type Environment, expandText, REFERENCE_FORMS, type Reference } from './environment.ts';
import { type Fault, faultAt } from './fault.ts';
import { describeFound } from './found.ts';
import { formatPath, isMapping, type Path } from './path.ts';
import { configSchema } from './schema.ts';
import { type Expectation, expectationAt } from './schema-lookup.ts';

/** Where a value came from, when not from the file's own text. */
export interface Source {
  /** Environment variables or command-line options. */
  readonly names: readonly string[];
  /** The default that the reference to the variable gives. */
  readonly fallback?: string | undefined;
}

/** Where the values of a configuration came from, by formatted path. */
export type Sources = ReadonlyMap<string, Source>;

/** A configuration with the environment's values in place, not yet held against the schema. */
export interface Draft {
  readonly tree: unknown;
  readonly sources: Sources;
  readonly faults: readonly Fault[];
}

/** Expands every text of a configuration. A text that cannot be expanded is a fault, and absent from the tree. */
export function expandDraft(raw: unknown, env: Environment, known: Sources): Draft {
  const sources = new Map(known);
  const faults: Fault[] = [];

  function expand(value: unknown, path: Path, around: readonly unknown[]): unknown {
    if (typeof value === 'string') return expandLeaf(value, path);
    if (!Array.isArray(value) && !isMapping(value)) return value;
    if (around.includes(value)) {
      faults.push(faultAt(path, [], 'found what it stands in', 'a value that does not hold itself'));
      return undefined;
    }
    const inside = [...around, value];
    if (Array.isArray(value)) return value.map((entry, index) => expand(entry, [...path, index], inside));
    const entries = Object.entries(value).map(([key, entry]) => [key, expand(entry, [...path, key], inside)]);
    return Object.fromEntries(entries);
  }

  function expandLeaf(text: string, path: Path): unknown {
    const expansion = expandText(text, env);
    const { references } = expansion;
    const expectation = expectationAt(configSchema, path);
    if (expansion.malformed) {
      faults.push(faultAt(path, [], describeFound(text, expectation.secret), REFERENCE_FORMS));
      return undefined;
    }
    const lacking = references.filter(({ from }) => from === 'unset' || from === 'empty');
    faults.push(...lacking.map((reference) => lackingFault(reference, path, expectation)));
    if (lacking.length > 0) return undefined;
    if (references.length > 0 && !sources.has(formatPath(path))) {
      sources.set(formatPath(path), sourceOf(references, expansion.whole));
    }
    return expansion.whole
      ? reread(expansion.text, wantedScalar(expectation, references[0]!))
      : expansion.text;
  }

  return { tree: expand(raw, [], []), sources, faults };
}

function lackingFault({ name, from }: Reference, path: Path, expectation: Expectation): Fault {
  const found = from === 'unset' ? 'not set' : 'set, but empty';
  return faultAt(path, [name], found, expectation.accepted ?? 'any text');
}

function sourceOf(references: readonly Reference[], whole: boolean): Source {
  const names = [...new Set(references.map(({ name }) => name))];
  const [first] = references;
  return whole && first?.from === 'variable' ? { names, fallback: first.fallback } : { names };
}

// Where the schema leaves the value open (a transform's options), the reference's own default tells its type.
function wantedScalar(
  { accepted, scalar }: Expectation,
  { fallback = '' }: Reference,
): Expectation['scalar'] {
  if (accepted !== undefined) return scalar;
  if (NUMBER.test(fallback)) return 'number';
  return fallback === 'true' || fallback === 'false' ? 'boolean' : 'text';
}

const NUMBER = /^-?[0-9]{1,15}(?:\.[0-9]{1,15})?$/;

/** Reads the text of a whole reference as the type that is wanted; text that does not read so stays text. */
function reread(text: string, wanted: Expectation['scalar']): unknown {
  if (wanted === 'number' && NUMBER.test(text)) return Number(text);
  if (wanted === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}
