import { types } from 'node:util';

/** What an object is, as far as arguments and results are told apart; `bare` is a plain one without a prototype. */
export type BuiltIn =
  | 'array'
  | 'plain'
  | 'bare'
  | 'date'
  | 'map'
  | 'set'
  | 'regexp'
  | 'url'
  | 'bytes'
  | 'buffer';

/** `null`: an object of a class, whose fields need not be all that it is. */
export function builtInOf(value: object): BuiltIn | null {
  const above = prototypesOf(value);
  if (Array.isArray(value)) return above === 2 ? 'array' : null;
  if (above === 0) return 'bare';
  if (above === 1) return isPlain(value) ? 'plain' : null;
  // A view of bytes in Node.js is a class on top of one of the language.
  if (types.isTypedArray(value))
    return above === 3 || (above === 4 && Buffer.isBuffer(value)) ? 'bytes' : null;
  if (above !== 2) return null;
  if (types.isDate(value)) return 'date';
  if (types.isMap(value)) return 'map';
  if (types.isSet(value)) return 'set';
  if (types.isRegExp(value)) return 'regexp';
  if (types.isArrayBuffer(value)) return 'buffer';
  return value instanceof URL ? 'url' : null;
}

/** How many prototypes are above; by their number, one of another realm (`node:vm`) is known as well. */
function prototypesOf(value: object): number {
  let count = 0;
  for (let up = prototypeOf(value); up !== null && count < 5; up = prototypeOf(up)) count += 1;
  return count;
}

function prototypeOf(value: object): object | null {
  return Object.getPrototypeOf(value) as object | null;
}

/** What says so of itself alone (`Math`, `arguments`, a namespace of a module) is none. */
function isPlain(value: object): boolean {
  const prototype = prototypeOf(value)!;
  return (
    Object.hasOwn(prototype, 'hasOwnProperty') && String(Object.prototype.toString.call(value)) === PLAIN
  );
}

const PLAIN = '[object Object]';

/** Whether a built-in object was given fields that are no part of what it is. */
export function hasFieldsOfItsOwn(value: object, kind: BuiltIn): boolean {
  switch (kind) {
    case 'array':
      return hasNames(value) || hasSymbols(value);
    case 'plain':
    case 'bare':
      return hasSymbols(value);
    // Of each byte there is a key: they are not looked at, and a URL may keep its parts in such fields.
    case 'bytes':
    case 'url':
      return false;
    default:
      return Object.keys(value).length > 0;
  }
}

/** Places come first among the keys of an array, in their order. */
function hasNames(items: object): boolean {
  const last = Object.keys(items).at(-1);
  return last !== undefined && String(Number(last) >>> 0) !== last;
}

function hasSymbols(value: object): boolean {
  return Object.getOwnPropertySymbols(value).some((symbol) =>
    Object.prototype.propertyIsEnumerable.call(value, symbol),
  );
}

/** What something is that is none of these, for whoever reads of it. */
export function describeStrange(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`;
  if (types.isPromise(value)) return 'a promise';
  const name: unknown = prototypeOf(value)?.constructor?.name;
  const isShown = typeof name === 'string' && /^\w{1,64}$/.test(name) && name !== 'Object';
  return isShown ? `an object of the class ${name}` : 'an object of a class';
}

/** A field as one step of the way to what is described. What is no name may be somebody's: it is not shown. */
export function stepTo(name: string): string {
  return /^[\p{L}_$][\p{L}\p{N}_$]{0,63}$/u.test(name) ? `.${name}` : '[…]';
}
