import { createHash } from 'node:crypto';
import { CachegateError } from '../errors.ts';
import { type BuiltIn, builtInOf, describeStrange, hasFieldsOfItsOwn, stepTo } from './built-in.ts';

/** Deeper than this an argument can't lie. */
export const MAX_DEPTH = 64;
/** As many characters at most are hashed; a byte of a typed array is one. */
export const MAX_CHARACTERS = 4_194_304;

/**
 * The digest (SHA-256, base64url) of what a call is of: a function's name and version, and the arguments. Calls whose
 * arguments are equal have the same, and others have others:
 *
 * - The order of fields, of the entries of a Map and of the members of a Set is nothing. `-0` is `0`, and `NaN` is itself.
 * - Everything else counts: a field that is `undefined` is there, a place of an array that was left out is not; a Buffer
 *   is no Uint8Array. Floats in a typed array are their bytes.
 * - Arguments left out at the end are `undefined`, as they are to the function.
 *
 * @throws CachegateError `ERR_CACHE_KEY` that says where something is that has no such form
 */
export function digestOfCall(name: string, version: string, args: readonly unknown[]): string {
  let { length } = args;
  while (length > 0 && args[length - 1] === undefined) length -= 1;
  const budget = { left: MAX_CHARACTERS };
  const texts = Array.from({ length }, (_, i) => formOf(`argument ${i + 1}`, budget, args[i]));
  return digestOf([name, version, ...texts]);
}

/**
 * The same, of what a `key` function answers in the place of the arguments.
 * @throws CachegateError `ERR_CACHE_KEY`
 */
export function digestOfKey(name: string, version: string, key: unknown): string {
  return digestOf([name, version, 'key', formOf('the key', { left: MAX_CHARACTERS }, key)]);
}

function formOf(root: string, budget: { left: number }, value: unknown): string {
  try {
    return createForm(root, budget).of(value, 0);
  } catch (error) {
    if (error instanceof CachegateError) throw error;
    // An accessor that throws, a revoked proxy, bytes that were handed over to somebody else.
    throw refusal(root, `can't be read`, error);
  }
}

function refusal(place: string, why: string, cause?: unknown): CachegateError {
  const message = `A call can't be cached: ${place} ${why}. The option \`key\` can say what it is cached by`;
  return new CachegateError('ERR_CACHE_KEY', message, cause === undefined ? undefined : { cause });
}

/** Each part's length stands before it, so that none reaches into the next. Half a pair of surrogates has two bytes too. */
function digestOf(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(sized(part), 'utf16le');
  return hash.digest('base64url');
}

/** Writes values as texts of which none begins with another: put together, they stay apart. */
function createForm(root: string, budget: { left: number }) {
  const path: string[] = [];
  const around = new Set<object>();

  function refused(why: string): CachegateError {
    const place = path.length === 0 ? root : `${root} ${path.join('')}`;
    return refusal(place.length > 200 ? `${place.slice(0, 200)}…` : place, why);
  }

  function spend(characters: number): void {
    budget.left -= characters;
    if (budget.left < 0) throw refused(`makes the arguments more than ${MAX_CHARACTERS} characters`);
  }

  /** A text that may be long: paid for before it is put together with others. */
  function text(value: string): string {
    spend(value.length);
    return sized(value);
  }

  function at(step: string, value: unknown, depth: number): string {
    path.push(step);
    const written = of(value, depth);
    path.pop();
    return written;
  }

  function of(value: unknown, depth: number): string {
    spend(1);
    switch (typeof value) {
      case 'string':
        return `s${text(value)}`;
      case 'number':
        // Of -0 the text is that of 0.
        return `d${value};`;
      case 'boolean':
        return value ? 't' : 'f';
      case 'bigint':
        return `i${text(value.toString(16))}`;
      case 'undefined':
        return 'u';
      case 'object':
        return value === null ? 'n' : ofObject(value, depth);
      default:
        throw refused(`is ${describeStrange(value)}`);
    }
  }

  function ofObject(value: object, depth: number): string {
    const kind = builtInOf(value);
    if (kind === null) throw refused(`is ${describeStrange(value)}`);
    if (hasFieldsOfItsOwn(value, kind)) throw refused('has fields that are no part of what it is');
    if (around.has(value)) throw refused('holds itself');
    if (depth >= MAX_DEPTH) throw refused(`lies deeper than ${MAX_DEPTH} levels`);
    around.add(value);
    const written = ofBuiltIn(kind, value, depth + 1);
    around.delete(value);
    return written;
  }

  function ofBuiltIn(kind: BuiltIn, value: object, depth: number): string {
    switch (kind) {
      case 'array':
        return ofArray(value as unknown[], depth);
      case 'plain':
      case 'bare':
        return ofFields(value as Record<string, unknown>, depth);
      case 'map':
        return ofMap(value as Map<unknown, unknown>, depth);
      case 'set':
        return ofSet(value as Set<unknown>, depth);
      case 'date':
        return `D${(value as Date).getTime()};`;
      case 'regexp': {
        const { source, flags, lastIndex } = value as RegExp;
        return `R${text(source)}${text(flags)}${lastIndex};`;
      }
      case 'url':
        return `U${text((value as URL).href)}`;
      case 'bytes':
        return ofBytes(nameOfView(value as NodeJS.TypedArray), value as NodeJS.TypedArray);
      case 'buffer':
        return ofBytes('ArrayBuffer', new Uint8Array(value as ArrayBuffer));
    }
  }

  function ofArray(items: readonly unknown[], depth: number): string {
    let written = `[${items.length}:`;
    for (let i = 0; i < items.length; i += 1) {
      if (i in items) written += at(`[${i}]`, items[i], depth);
      else {
        spend(1);
        written += 'h';
      }
    }
    return written;
  }

  function ofFields(value: Record<string, unknown>, depth: number): string {
    const names = Object.keys(value).sort();
    let written = `{${names.length}:`;
    for (const name of names) written += text(name) + at(stepTo(name), value[name], depth);
    return written;
  }

  function ofMap(map: ReadonlyMap<unknown, unknown>, depth: number): string {
    const entries = [...map].map(
      ([key, value], i) => at(`<key ${i + 1}>`, key, depth) + at(`<value ${i + 1}>`, value, depth),
    );
    return `M${entries.length}:${entries.sort().join('')}`;
  }

  function ofSet(set: ReadonlySet<unknown>, depth: number): string {
    const members = [...set].map((member, i) => at(`<member ${i + 1}>`, member, depth));
    return `S${members.length}:${members.sort().join('')}`;
  }

  function ofBytes(name: string, { buffer, byteOffset, byteLength }: NodeJS.TypedArray): string {
    spend(byteLength);
    return `B${sized(name)}${sized(Buffer.from(buffer, byteOffset, byteLength).toString('latin1'))}`;
  }

  return { of };
}

function sized(text: string): string {
  return `${text.length}:${text}`;
}

/** The language's own name of a kind of typed array; nothing can take its place. */
function nameOfView(view: NodeJS.TypedArray): string {
  return Buffer.isBuffer(view) ? 'Buffer' : (view as unknown as Record<symbol, string>)[Symbol.toStringTag]!;
}
