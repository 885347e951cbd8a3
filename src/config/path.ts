/** Where a value stands in the configuration: keys of mappings and positions in lists. */
export type Path = readonly PropertyKey[];

const PLAIN_KEY = /^[A-Za-z0-9_$-]+$/;

/** `services.api.methods[0]`; a key with other characters is quoted: `["a b"]`. */
export function formatPath(path: Path): string {
  let text = '';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else if (PLAIN_KEY.test(String(key))) text += text === '' ? String(key) : `.${String(key)}`;
    else text += `[${JSON.stringify(String(key))}]`;
  }
  return text;
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The value at a path; `undefined` where there is none. */
export function valueAt(tree: unknown, path: Path): unknown {
  let value = tree;
  for (const key of path) {
    if (Array.isArray(value) && typeof key === 'number') value = value[key];
    else if (isMapping(value) && Object.hasOwn(value, key)) value = value[String(key)];
    else return undefined;
  }
  return value;
}

/** The entries of the mapping at a path; none where there is no mapping. */
export function entriesAt(tree: unknown, path: Path): [string, unknown][] {
  const value = valueAt(tree, path);
  return isMapping(value) ? Object.entries(value) : [];
}
