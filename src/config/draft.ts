import { type Environment, expandText, REFERENCE_FORMS, type Reference } from './environment.ts';
import { type Fault, faultAt } from './fault.ts';
import { describeFound } from './found.ts';
import { formatPath, isMapping, type Path } from './path.ts';
import { reread, type Scalar, scalarLike } from './reread.ts';
import { configSchema } from './schema.ts';
import { type Expectation, expectationAt } from './schema-lookup.ts';
import type { Sources } from './source.ts';
import { lackingFault, sourceOf } from './value-faults.ts';

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
    faults.push(...lacking.map((reference) => lackingFault(reference, path, expectation.accepted)));
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

function wantedScalar({ accepted, scalar }: Expectation, { fallback = '' }: Reference): Scalar | undefined {
  return accepted === undefined ? scalarLike(fallback) : scalar;
}
