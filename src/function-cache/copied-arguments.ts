import { builtInOf } from './built-in.ts';

/**
 * The arguments of a call as they are now, of kinds that have a canonical form: the function is carried out later, maybe
 * behind the answer, when the caller may have changed them. What it answers then would be stored as the answer to these.
 */
export function copiedArguments(args: readonly unknown[]): readonly unknown[] {
  return args.map(copyOf);
}

function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  switch (builtInOf(value)) {
    case null:
      return value;
    case 'array':
      // Places that were left out stay so.
      return (value as unknown[]).map(copyOf);
    case 'plain':
      return copyOfFields(value);
    case 'bare':
      return Object.setPrototypeOf(copyOfFields(value), null);
    case 'map':
      return new Map([...(value as Map<unknown, unknown>)].map(([key, each]) => [copyOf(key), copyOf(each)]));
    case 'set':
      return new Set([...(value as Set<unknown>)].map(copyOf));
    case 'date':
      return new Date((value as Date).getTime());
    case 'regexp': {
      const { source, flags, lastIndex } = value as RegExp;
      return Object.assign(new RegExp(source, flags), { lastIndex });
    }
    case 'url':
      return new URL((value as URL).href);
    case 'bytes':
      return Buffer.isBuffer(value) ? Buffer.from(value) : (value as Uint8Array).slice();
    case 'buffer':
      return (value as ArrayBuffer).slice(0);
  }
}

/** By definition of each, since one may be called `__proto__`. */
function copyOfFields(fields: object): object {
  return Object.fromEntries(Object.entries(fields).map(([name, each]) => [name, copyOf(each)]));
}
