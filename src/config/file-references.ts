import { expandText, type Reference } from './environment.ts';
import { isMapping, type Path } from './path.ts';

/** A text of a configuration that variables stand in. */
export interface FileReference {
  readonly path: Path;
  readonly text: string;
  readonly references: readonly Reference[];
  /** The text is one reference and nothing else. */
  readonly whole: boolean;
  /** Each of its variables may be unset. */
  readonly mayLack: boolean;
}

/** Every text of a configuration that variables stand in; malformed ones are somebody else's matter. */
export function fileReferences(raw: unknown): FileReference[] {
  return textsIn(raw).flatMap(({ path, value: text }) => {
    const { references, whole, malformed } = expandText(text, {});
    if (malformed || references.length === 0) return [];
    const mayLack = references.every(({ fallback }) => fallback !== undefined);
    return [{ path, text, references, whole, mayLack }];
  });
}

interface Placed<Value> {
  readonly path: Path;
  readonly value: Value;
}

/** Every text of a tree, in its order. */
export function textsIn(tree: unknown): Placed<string>[] {
  return leavesIn(tree).filter((leaf): leaf is Placed<string> => typeof leaf.value === 'string');
}

/** All that is no list and no mapping in a tree, in its order. */
export function leavesIn(
  value: unknown,
  path: Path = [],
  around: readonly unknown[] = [],
): Placed<unknown>[] {
  // What holds itself is a fault elsewhere.
  if (around.includes(value)) return [];
  const inside = [...around, value];
  if (Array.isArray(value)) return value.flatMap((each, index) => leavesIn(each, [...path, index], inside));
  if (!isMapping(value)) return [{ path, value }];
  return Object.entries(value).flatMap(([key, each]) => leavesIn(each, [...path, key], inside));
}
