// A cached function keeps its type, and what its options are told of a call has the types of its arguments.
import {
  type CachedFunction,
  cached,
  createFunctionCache,
  type FunctionCache,
  type FunctionObserver,
  invalidate,
} from 'cachegate/function';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const isTrue = <T extends true>(value: T): T => value;

interface User {
  readonly id: number;
  readonly born: Date;
}

async function getUser(id: number, options?: { readonly full: boolean }): Promise<User | null> {
  return options?.full === true ? { id, born: new Date(0) } : null;
}

export const user = cached(getUser, {
  name: 'getUser',
  ttl: 60,
  tags: (id, options) => [`user:${id.toFixed()}`, String(options?.full)],
  key: (id) => id,
  staleWhileRevalidate: 30,
  staleIfError: 600,
  negative: { ttl: 5, of: (error) => error instanceof RangeError },
});

isTrue<Equal<Parameters<typeof user>, Parameters<typeof getUser>>>(true);
isTrue<Equal<Awaited<ReturnType<typeof user>>, User | null>>(true);
export const asBefore: typeof getUser = user;

export async function calls(): Promise<void> {
  const found: User | null = await user(1);
  await user(1, { full: true });
  const wasThere: boolean = await user.invalidate(1, { full: true });
  const dropped: number = await user.invalidateAll();
  const key: string = user.key(1);
  await invalidate('user:1', 'news');
  void [found, wasThere, dropped, key];
  // @ts-expect-error an argument is missing
  await user();
  // @ts-expect-error an argument is of another type
  await user('1');
  // @ts-expect-error and so is one of what is to be forgotten
  await user.invalidate('1');
  // @ts-expect-error what is to be forgotten is named
  user.key();
  // @ts-expect-error all of a name is forgotten without arguments
  await user.invalidateAll(1);
  // @ts-expect-error the result has no such field
  (await user(1))?.name;
  // @ts-expect-error at least one tag
  await invalidate();
}

// A generic function stays one.
export const pick = cached(
  async function pick<T extends object, K extends keyof T>(from: T, key: K): Promise<T[K]> {
    return from[key];
  },
  { name: 'pick', ttl: 60, version: 'v2' },
);
export async function picked(): Promise<string> {
  // @ts-expect-error no field of it
  await pick({ a: 'x', b: 1 }, 'c');
  return pick({ a: 'x', b: 1 }, 'a');
}

// So does one with several signatures.
interface Read {
  (path: string): Promise<string>;
  (path: string, asBytes: true): Promise<Buffer>;
}
declare const read: Read;
export const cachedRead = cached(read, { name: 'read', ttl: 60 });
export async function reads(): Promise<[string, Buffer]> {
  return [await cachedRead('a'), await cachedRead('a', true)];
}

// What else the function has, it keeps.
export const unit: string = cached(Object.assign(getUser, { unit: 'ms' }), { name: 'unit', ttl: 1 }).unit;

// Parameters may be many.
export const sum = cached(async (...numbers: readonly number[]) => numbers.length, {
  name: 'sum',
  ttl: 1,
  key: (...numbers) => numbers.toSorted(),
});
isTrue<Equal<ReturnType<typeof sum>, Promise<number>>>(true);

export const functions: FunctionCache = createFunctionCache({
  store: 'memory:',
  namespace: 'app',
  log: null,
});
export const other: CachedFunction<typeof getUser> = functions.cached(getUser, { name: 'other', ttl: 1 });

const observer: FunctionObserver = { staleAnswered: (name, error) => console.log(name.length, error) };
createFunctionCache({ observer, waitUntil: (work) => void work.then() });

// @ts-expect-error it answers at once
cached((id: number) => id, { name: 'f', ttl: 1 });
// @ts-expect-error it makes use of `this`
cached(async function of(this: Date) {}, { name: 'f', ttl: 1 });
// @ts-expect-error no name
cached(getUser, { ttl: 1 });
// @ts-expect-error no time
cached(getUser, { name: 'f' });
// @ts-expect-error seconds are a number
cached(getUser, { name: 'f', ttl: '1m' });
// @ts-expect-error a tag is a text
cached(getUser, { name: 'f', ttl: 1, tags: (id) => [id] });
// @ts-expect-error the key is told of other arguments
cached(getUser, { name: 'f', ttl: 1, key: (id: string) => id });
// @ts-expect-error a number is meant
void sum('1');
// @ts-expect-error no such option
cached(getUser, { name: 'f', ttl: 1, maxAge: 1 });
