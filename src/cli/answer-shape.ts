export type Check = (found: unknown) => boolean;

export const isText: Check = (found) => typeof found === 'string';
export const isNumber: Check = (found) => Number.isFinite(found);
export const isFlag: Check = (found) => typeof found === 'boolean';
export const isMapping: Check = (found) =>
  typeof found === 'object' && found !== null && !Array.isArray(found);

export function nullable(check: Check): Check {
  return (found) => found === null || check(found);
}

export function listOf(check: Check): Check {
  return (found) => Array.isArray(found) && found.every(check);
}

export function recordOf(check: Check): Check {
  return (found) => isMapping(found) && Object.values(found as object).every(check);
}

/** Tells whether an answer has every field of a shape; it may have more, as later releases do. */
export function shapeOf<T>(fields: { readonly [Field in keyof T]-?: Check }): (found: unknown) => found is T {
  const checks = Object.entries<Check>(fields);
  return (found): found is T =>
    isMapping(found) && checks.every(([field, check]) => check((found as Record<string, unknown>)[field]));
}
