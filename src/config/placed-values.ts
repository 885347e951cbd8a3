import type { Path } from './path.ts';

/** A tree with values put at their paths; what leads there is copied, all else is shared. */
export function withValues(tree: unknown, values: readonly (readonly [Path, unknown])[]): unknown {
  return values.reduce<unknown>((whole, [path, value]) => withValue(whole, path, value), tree);
}

function withValue(tree: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  if (Array.isArray(tree)) {
    const copy = [...tree];
    copy[Number(key)] = withValue(copy[Number(key)], rest, value);
    return copy;
  }
  const block = typeof tree === 'object' && tree !== null ? (tree as Record<PropertyKey, unknown>) : {};
  return { ...block, [key]: withValue(block[key], rest, value) };
}

/** A tree without the values at some paths; in a list `null` keeps the place. */
export function withoutValues(tree: unknown, paths: readonly Path[]): unknown {
  return paths.reduce(withoutValue, tree);
}

function withoutValue(tree: unknown, [key, ...rest]: Path): unknown {
  if (Array.isArray(tree)) {
    return tree.map((each, index) =>
      index !== key ? each : rest.length === 0 ? null : withoutValue(each, rest),
    );
  }
  if (key === undefined || typeof tree !== 'object' || tree === null) return tree;
  const { [String(key)]: value, ...others } = tree as Record<string, unknown>;
  return rest.length === 0 ? others : { ...tree, [String(key)]: withoutValue(value, rest) };
}
