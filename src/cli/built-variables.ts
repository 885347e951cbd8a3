import type { CompiledVariable } from '../compiled/compiled-config.ts';
import { expandText } from '../config/environment.ts';
import { KV_VARIABLES } from '../config/kv-service.ts';

/** A variable that is read where a compiled configuration runs. */
export interface BuiltVariable {
  readonly name: string;
  /** It has no default. */
  readonly needed: boolean;
  /** Where its value goes to. */
  readonly paths: readonly (readonly (string | number)[])[];
  readonly accepted: string | null;
}

/** Each variable once, in the order of the configuration; those of a KV service last. */
export function variablesOf(variables: readonly CompiledVariable[]): BuiltVariable[] {
  const found = new Map<string, BuiltVariable>();
  for (const { path, text, optional = false, accepted = null } of variables) {
    for (const { name, fallback } of expandText(text, {}).references) {
      const needed = !optional && fallback === undefined;
      const known = found.get(name);
      const paths = [...(known?.paths ?? []), path];
      found.set(name, {
        name,
        needed: needed || (known?.needed ?? false),
        paths,
        accepted: known?.accepted ?? accepted,
      });
    }
  }
  for (const name of KV_VARIABLES.flatMap(({ url, token }) => [url, token])) {
    if (!found.has(name)) found.set(name, { name, needed: false, paths: [], accepted: 'the KV service' });
  }
  return [...found.values()];
}
