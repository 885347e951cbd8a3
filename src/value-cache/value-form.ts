import { CachegateError } from '../errors.ts';
import { markOf } from '../store/mark.ts';
import { MARK_BYTES, MARK_OFFSET } from '../store/store.ts';

// The first byte. Another release's unknown version is a miss, so old and new run side by side.
const FORMAT_VERSION = 1;
// Values share their tags with stored responses: a soft purge marks them, and must not write into the JSON.
const HEADER_BYTES = MARK_OFFSET + MARK_BYTES;

/**
 * A value as it is stored: the format's version, two zero bytes, room for a mark, JSON.
 * @throws CachegateError `ERR_CACHE_VALUE` for what JSON can't carry
 */
export function encodeValue(value: unknown): Buffer {
  const json = jsonOf(value);
  const bytes = Buffer.alloc(HEADER_BYTES + Buffer.byteLength(json));
  bytes[0] = FORMAT_VERSION;
  bytes.write(json, HEADER_BYTES);
  return bytes;
}

/** The value, made anew; `undefined` for what was marked, and for what no `encodeValue` of this release has made. */
export function decodeValue(bytes: Buffer): unknown {
  if (bytes.length <= HEADER_BYTES || bytes[0] !== FORMAT_VERSION || markOf(bytes) !== null) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8', HEADER_BYTES)) ?? undefined;
  } catch {
    return undefined;
  }
}

function jsonOf(value: unknown): string {
  try {
    // First, since it finds what holds itself.
    const json = JSON.stringify(value);
    checkValue(value, '');
    return json;
  } catch (error) {
    if (error instanceof CachegateError) throw error;
    // `JSON.stringify` quotes names of fields: nothing of the value is shown.
    throw refused('it holds itself, or what JSON has no form for');
  }
}

/** What came back as something else would surprise whoever finds it cached. */
function checkValue(value: unknown, path: string): void {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return;
    case 'number':
      if (!Number.isFinite(value)) throw refused(`${placeOf(path)} is ${value}`);
      return;
    case 'object':
      checkObject(value, path);
      return;
    default:
      throw refused(`${placeOf(path)} is ${typeof value}`);
  }
}

function checkObject(value: object | null, path: string): void {
  if (value === null) return;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) checkValue(value[i], `${path}[${i}]`);
    return;
  }
  const prototype = Object.getPrototypeOf(value) as object | null;
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    throw refused(`${placeOf(path)} is an object of a class`);
  }
  for (const [name, field] of Object.entries(value)) {
    // Left out, and `undefined` is what stands there for whoever looks.
    if (field !== undefined) checkValue(field, `${path}.${name}`);
  }
}

function placeOf(path: string): string {
  return path === '' ? 'the value' : `the value's ${path.slice(0, 100)}`;
}

function refused(why: string): CachegateError {
  return new CachegateError('ERR_CACHE_VALUE', `A value to be cached must be JSON: ${why}`);
}
