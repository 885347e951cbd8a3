import { CachegateError } from '../errors.ts';
import { type BuiltIn, builtInOf, describeStrange, hasFieldsOfItsOwn, stepTo } from './built-in.ts';

/** A value as JSON, and whether anything in it stands under a tag. */
export interface TaggedJson {
  readonly json: string;
  readonly isTagged: boolean;
}

// What JSON has no form for stands as `{"~": kind, "v": …}`; so does an object that has a field of that name.
const TAG = '~';
const MAX_DEPTH = 1_000;
const MAX_OBJECTS = 4_194_304;

interface Tagged {
  readonly [TAG]: string;
  readonly v: unknown;
}

type Kind = Exclude<BuiltIn, 'array' | 'plain'> | 'number' | 'bigint' | 'undefined' | 'sparse' | 'object';

/**
 * Writes what `readTagged` makes an equal of: all of JSON, and Date, BigInt, Map, Set, RegExp, URL, typed arrays and their
 * buffers, `undefined`, `NaN`, infinities and -0, objects without a prototype and places of arrays that were left out.
 * @throws CachegateError `ERR_CACHE_VALUE` that says where something else is
 */
export function writeTagged(value: unknown): TaggedJson {
  const path: string[] = [];
  const around = new Set<object>();
  let isTagged = false;
  // What stands in many places is written as often: a few objects can come to more than all memory.
  let left = MAX_OBJECTS;

  function refused(why: string): CachegateError {
    const place = path.length === 0 ? 'it' : `its ${path.join('')}`.slice(0, 200);
    return new CachegateError('ERR_CACHE_VALUE', `A result can't be stored: ${place} ${why}`);
  }

  function tagged(kind: Kind, v: unknown): Tagged {
    isTagged = true;
    return { [TAG]: kind, v };
  }

  function at(step: string, part: unknown): unknown {
    path.push(step);
    const written = pack(part);
    path.pop();
    return written;
  }

  /** What JSON can carry; what it can carry as it is, is not copied. */
  function pack(part: unknown): unknown {
    switch (typeof part) {
      case 'string':
      case 'boolean':
        return part;
      case 'number':
        return Number.isFinite(part) && !Object.is(part, -0) ? part : tagged('number', numberText(part));
      case 'bigint':
        return tagged('bigint', `0x${part.toString(16)}`.replace('0x-', '-0x'));
      case 'undefined':
        return tagged('undefined', null);
      case 'object':
        return part === null ? null : packObject(part);
      default:
        throw refused(`is ${describeStrange(part)}`);
    }
  }

  function packObject(part: object): unknown {
    const kind = builtInOf(part);
    if (kind === null) throw refused(`is ${describeStrange(part)}`);
    if (hasFieldsOfItsOwn(part, kind)) throw refused('has fields that are no part of what it is');
    if (around.has(part)) throw refused('holds itself');
    left -= 1;
    if (left < 0) throw refused(`makes it more than ${MAX_OBJECTS} objects`);
    if (around.size >= MAX_DEPTH) throw refused(`lies deeper than ${MAX_DEPTH} levels`);
    around.add(part);
    const written = packBuiltIn(kind, part);
    around.delete(part);
    return written;
  }

  function packBuiltIn(kind: BuiltIn, part: object): unknown {
    switch (kind) {
      case 'array':
        return packArray(part as unknown[]);
      case 'plain':
      case 'bare':
        return packFields(kind, part as Record<string, unknown>);
      case 'map':
        return tagged(
          kind,
          [...(part as Map<unknown, unknown>)].map(([key, each]) => [at('<key>', key), at('<value>', each)]),
        );
      case 'set':
        return tagged(
          kind,
          [...(part as Set<unknown>)].map((member) => at('<member>', member)),
        );
      case 'date':
        return tagged(kind, (part as Date).getTime());
      case 'regexp': {
        const { source, flags, lastIndex } = part as RegExp;
        return tagged(kind, [source, flags, lastIndex]);
      }
      case 'url':
        return tagged(kind, (part as URL).href);
      case 'bytes': {
        const view = part as NodeJS.TypedArray;
        return tagged(kind, [nameOfView(view), base64Of(view.buffer, view.byteOffset, view.byteLength)]);
      }
      case 'buffer':
        return tagged(kind, base64Of(part as ArrayBuffer, 0, (part as ArrayBuffer).byteLength));
    }
  }

  function packArray(items: readonly unknown[]): unknown {
    const present = Object.keys(items);
    if (present.length < items.length) {
      return tagged('sparse', [
        items.length,
        present.map((i) => [Number(i), at(`[${i}]`, items[Number(i)])]),
      ]);
    }
    const packed = items.map((item, i) => at(`[${i}]`, item));
    return packed.every((item, i) => item === items[i]) ? items : packed;
  }

  function packFields(kind: 'plain' | 'bare', fields: Record<string, unknown>): unknown {
    const entries = Object.entries(fields);
    const packed = entries.map(([name, each]) => [name, at(stepTo(name), each)] as const);
    if (kind === 'bare') return tagged(kind, packed);
    if (Object.hasOwn(fields, TAG)) return tagged('object', packed);
    return packed.every(([, each], i) => each === entries[i]![1]) ? fields : Object.fromEntries(packed);
  }

  const packed = pack(value);
  return { json: JSON.stringify(packed), isTagged };
}

/** What `writeTagged` has written, made anew. @throws Error for what it has not */
export function readTagged({ json, isTagged }: TaggedJson): unknown {
  const value: unknown = JSON.parse(json);
  return isTagged ? unpack(value) : value;
}

function unpack(part: unknown): unknown {
  if (typeof part !== 'object' || part === null) return part;
  if (Array.isArray(part)) return part.map(unpack);
  if (Object.hasOwn(part, TAG)) return unpackTagged(part as Tagged);
  return Object.fromEntries(Object.entries(part).map(([name, each]) => [name, unpack(each)]));
}

function unpackTagged({ [TAG]: kind, v }: Tagged): unknown {
  switch (kind as Kind) {
    case 'number':
      return Number(v);
    case 'bigint':
      return bigintOf(v as string);
    case 'undefined':
      return undefined;
    case 'object':
      return Object.fromEntries(pairsOf(v));
    case 'bare':
      return Object.assign(Object.create(null), Object.fromEntries(pairsOf(v)));
    case 'sparse': {
      const [length, items] = v as [number, [number, unknown][]];
      const made: unknown[] = new Array(length);
      for (const [i, item] of items) made[i] = unpack(item);
      return made;
    }
    case 'map':
      return new Map(pairsOf(v, unpack) as [unknown, unknown][]);
    case 'set':
      return new Set((v as unknown[]).map(unpack));
    case 'date':
      return new Date(v === null ? Number.NaN : (v as number));
    case 'regexp': {
      const [source, flags, lastIndex] = v as [string, string, number];
      return Object.assign(new RegExp(source, flags), { lastIndex });
    }
    case 'url':
      return new URL(v as string);
    case 'bytes': {
      const [name, base64] = v as [string, string];
      return viewOf(name, base64);
    }
    case 'buffer':
      return bufferOf(v as string);
  }
}

function pairsOf(v: unknown, ofKey = (key: unknown) => key): [string, unknown][] {
  return (v as [unknown, unknown][]).map(([key, each]) => [ofKey(key) as string, unpack(each)]);
}

const VIEWS: Readonly<Record<string, new (buffer: ArrayBuffer) => NodeJS.TypedArray>> = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  ...newerViews(),
};

/** Not of every release of Node.js; to one that has none, what is stored of it is of no use. */
function newerViews() {
  const { Float16Array } = globalThis as { Float16Array?: typeof Uint16Array };
  return Float16Array && { Float16Array };
}

function nameOfView(view: NodeJS.TypedArray): string {
  return Buffer.isBuffer(view) ? 'Buffer' : view[Symbol.toStringTag];
}

function viewOf(name: string, base64: string): NodeJS.TypedArray {
  return name === 'Buffer' ? Buffer.from(base64, 'base64') : new VIEWS[name]!(bufferOf(base64));
}

/** One of its own: that of a small `Buffer` is shared with others. */
function bufferOf(base64: string): ArrayBuffer {
  return new Uint8Array(Buffer.from(base64, 'base64')).buffer;
}

function base64Of(buffer: ArrayBufferLike, offset: number, length: number): string {
  return Buffer.from(buffer as ArrayBuffer, offset, length).toString('base64');
}

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

function bigintOf(text: string): bigint {
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
}
