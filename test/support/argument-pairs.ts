import { createRandom, type Random } from '../model/random.ts';

// Arguments for calls, two lists at a time, of which many are equal, and many more nearly so.

const TEXTS = [
  '',
  'a',
  'b',
  'ab',
  'as',
  'sa',
  'asb',
  'u',
  's',
  '1',
  '1:',
  's1:a',
  '[1:',
  'd1;',
  '\u0000',
  'é',
  'é',
  '\ud83d',
  '\ude00',
  '�',
];
const NAMES = ['a', 'b', 'ab', '', '__proto__', 'constructor', 'length', '0', '1', 'toJSON'];
const NUMBERS = [0, -0, 1, -1, 0.1, 1e21, 1e-7, 2 ** 53, Number.NaN, Infinity, -Infinity, 123456789];
const BIGINTS = [0n, 1n, -1n, 10n, 16n, 2n ** 64n];
const VIEWS = [
  Uint8Array,
  Int8Array,
  Uint16Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  Uint8ClampedArray,
];
const MAX_DEPTH = 4;

/** So many pairs of lists of arguments, the same for the same seed. */
export function* argumentPairs(count: number, seed: number): Generator<readonly [unknown[], unknown[]]> {
  const random = createRandom(seed);
  for (let i = 0; i < count; i += 1) {
    const first = valuesOf(random, 3, 0);
    const second = random.weighted<() => unknown[]>([
      [3, () => copyOf(first, random) as unknown[]],
      [5, () => changedOnce(copyOf(first, random) as unknown[], random)],
      [1, () => valuesOf(random, 3, 0)],
    ])();
    yield [first, second];
  }
}

function valuesOf(random: Random, bound: number, depth: number): unknown[] {
  return Array.from({ length: random.below(bound + 1) }, () => randomValue(random, depth));
}

function randomValue(random: Random, depth: number): unknown {
  const leaves: [number, () => unknown][] = [
    [6, () => random.pick(TEXTS)],
    [6, () => random.pick(NUMBERS)],
    [2, () => random.pick(BIGINTS)],
    [3, () => random.pick([undefined, null, true, false])],
    [1, () => new Date(random.pick([0, 1, 1e12, Number.NaN]))],
    [1, () => bytesOf(random)],
    [1, () => new RegExp(random.pick(['a', 'b', 'a|b']), random.pick(['', 'g', 'gi']))],
    [1, () => new URL(random.pick(['https://a.test/', 'https://a.test/?b', 'https://b.test']))],
  ];
  if (depth >= MAX_DEPTH) return random.weighted(leaves)();
  return random.weighted<() => unknown>([
    ...leaves,
    [4, () => valuesOf(random, 3, depth + 1)],
    [1, () => sparseOf(random, depth + 1)],
    [5, () => fieldsOf(random, depth + 1)],
    [2, () => new Map(valuesOf(random, 3, depth + 1).map((key) => [key, randomValue(random, depth + 1)]))],
    [2, () => new Set(valuesOf(random, 3, depth + 1))],
  ])();
}

function bytesOf(random: Random): unknown {
  const bytes = Uint8Array.from({ length: 8 * random.below(3) }, () => random.below(2));
  if (random.chance(0.2)) return Buffer.from(bytes);
  return random.chance(0.2) ? bytes.buffer : new (random.pick(VIEWS))(bytes.buffer);
}

function sparseOf(random: Random, depth: number): unknown[] {
  const items: unknown[] = new Array(random.below(4));
  if (random.chance(0.5)) items[random.below(4)] = randomValue(random, depth);
  return items;
}

function fieldsOf(random: Random, depth: number): object {
  const fields = valuesOf(random, 3, depth).map((value) => [random.pick(NAMES), value] as const);
  return Object.fromEntries(fields);
}

/** An equal of it, in which nothing is the same object and no order that means nothing is kept. */
function copyOf(value: unknown, random: Random): unknown {
  const copied = (each: unknown) => copyOf(each, random);
  if (Object.is(value, 0) || Object.is(value, -0)) return random.pick([0, -0]);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copied);
  if (value instanceof Map)
    return new Map(shuffled([...value], random).map((entry) => entry.map(copied)) as []);
  if (value instanceof Set) return new Set(shuffled([...value], random).map(copied));
  if (value instanceof URL) return new URL(value);
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  if (isBuiltIn(value)) return structuredClone(value);
  const entries = shuffled(Object.entries(value), random).map(([name, each]) => [name, copied(each)]);
  const made = Object.fromEntries(entries) as object;
  // Without a prototype, it is the same to whoever reads its fields.
  return random.chance(0.1)
    ? Object.defineProperties(Object.create(null), Object.getOwnPropertyDescriptors(made))
    : made;
}

function isBuiltIn(value: object): boolean {
  return ArrayBuffer.isView(value) || [Date, RegExp, ArrayBuffer].some((kind) => value instanceof kind);
}

function shuffled<T>(items: T[], random: Random): T[] {
  for (let i = items.length - 1; i > 0; i -= 1) {
    const j = random.below(i + 1);
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}

/** One place of it is another, or is the same by chance. */
function changedOnce(args: unknown[], random: Random): unknown[] {
  if (args.length === 0 || random.chance(0.1)) return [...args, randomValue(random, 3)];
  const at = random.below(args.length);
  const [value, next] = [args[at], args[at + 1]];
  if (typeof value === 'string' && typeof next === 'string' && random.chance(0.5)) {
    [args[at], args[at + 1]] = parted(`${value}s${next}`, random);
  } else args[at] = changed(value, random);
  return args;
}

/** Two texts that put together are this one, but for a letter that ends the first, and may be any such of it. */
function parted(text: string, random: Random): [string, string] {
  const at = random.pick([...text.matchAll(/s/g)]).index;
  return [text.slice(0, at), text.slice(at + 1)];
}

function changed(value: unknown, random: Random): unknown {
  if (value instanceof Uint8Array && random.chance(0.5)) return random.pick([Buffer, Uint8Array]).from(value);
  if (typeof value !== 'object' || value === null || isBuiltIn(value) || random.chance(0.2)) {
    return random.weighted<() => unknown>([
      [3, () => randomValue(random, 3)],
      [1, () => [value]],
      [1, () => Object.prototype.toString.call(value)],
      [1, () => new Set([value])],
    ])();
  }
  if (Array.isArray(value)) return changedOnce(value, random);
  if (value instanceof Set) return new Set(changedOnce([...value], random));
  if (value instanceof Map) return new Map([...value].map(([key, each]) => [key, changed(each, random)]));
  if (value instanceof URL) return random.pick([value.href, new URL('?c', value)]);
  const entries = Object.entries(value);
  if (entries.length === 0) return { [random.pick(NAMES)]: randomValue(random, 3) };
  const entry = random.pick(entries);
  if (random.chance(0.2)) entry[0] = random.pick(NAMES);
  else entry[1] = changed(entry[1], random);
  return Object.fromEntries(entries);
}

/** Whether two lists of arguments are the same to a function, without regard to any orders that mean nothing. */
export function areSameArguments(a: readonly unknown[], b: readonly unknown[]): boolean {
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i += 1) if (!isSame(a[i], b[i])) return false;
  return true;
}

function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return a === b || (Number.isNaN(a) && Number.isNaN(b));
  }
  const kind = Object.prototype.toString.call(a);
  if (kind !== Object.prototype.toString.call(b) || Buffer.isBuffer(a) !== Buffer.isBuffer(b)) return false;
  if (ArrayBuffer.isView(a)) return Buffer.compare(bytesIn(a), bytesIn(b as ArrayBufferView)) === 0;
  switch (kind) {
    case '[object Date]':
      return isSame(Number(a), Number(b));
    case '[object URL]':
    case '[object RegExp]':
      return String(a) === String(b);
    case '[object ArrayBuffer]':
      return Buffer.compare(Buffer.from(a as ArrayBuffer), Buffer.from(b as ArrayBuffer)) === 0;
    case '[object Set]':
      return haveSame([...(a as Set<unknown>)], [...(b as Set<unknown>)], isSame);
    case '[object Map]':
      return haveSame([...(a as Map<unknown, unknown>)], [...(b as Map<unknown, unknown>)], areBothSame);
    case '[object Array]':
      return (a as unknown[]).length === (b as unknown[]).length && haveSameFields(a, b);
    default:
      return haveSameFields(a, b);
  }
}

function bytesIn({ buffer, byteOffset, byteLength }: ArrayBufferView): Buffer {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);
}

const areBothSame = (a: readonly unknown[], b: readonly unknown[]) =>
  isSame(a[0], b[0]) && isSame(a[1], b[1]);

/** Each has its counterpart, and none is left over. */
function haveSame<T>(a: readonly T[], b: T[], same: (a: T, b: T) => boolean): boolean {
  for (const each of a) {
    const at = b.findIndex((other) => same(each, other));
    if (at === -1) return false;
    b.splice(at, 1);
  }
  return b.length === 0;
}

/** Places of an array that were left out are fields that are not there. */
function haveSameFields(a: object, b: object): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => {
    const [inA, inB] = [Object.getOwnPropertyDescriptor(a, name), Object.getOwnPropertyDescriptor(b, name)];
    return inA !== undefined && inB !== undefined && isSame(inA.value, inB.value);
  });
}
