import type { Background } from '../background.ts';
import { CachegateError } from '../errors.ts';
import { readOne, storeFailure } from '../store/reading.ts';
import type { Store, StoredValue } from '../store/store.ts';
import { createValueFlights, type ValueForm, type ValueWrite } from '../value-cache/value-flights.ts';
import { createValueRefreshes } from '../value-cache/value-refreshes.ts';
import type { FunctionObserver } from './cached-function.ts';
import type { FunctionPlan } from './function-plan.ts';
import { decodeResult, encodeResult, type Result, type StoredResult } from './result-form.ts';

/** One call of a cached function. */
export interface FunctionCall {
  readonly plan: FunctionPlan;
  readonly base: string;
  /** The keys of the tags; asked where something is made. */
  tags(): string[];
  carryOut(): Promise<unknown>;
  /** Whether what it is carried out with still is what the key says. */
  isOfKey(): boolean;
}

/** Results of functions on an open store. */
export interface FunctionResults {
  answer(call: FunctionCall): Promise<unknown>;
  /** @throws CachegateError `ERR_STORE_*` */
  drop(base: string): Promise<boolean>;
  /** Of those that have all of some tags (keys). @throws CachegateError `ERR_STORE_*` */
  dropTagged(tags: readonly string[]): Promise<number>;
}

/** Those of a store that is none. */
export const NO_RESULTS: FunctionResults = {
  answer: (call) => call.carryOut(),
  drop: async () => false,
  dropTagged: async () => 0,
};

export interface FunctionResultsOptions {
  readonly store: Store;
  readonly background: Background;
  readonly observer: FunctionObserver;
}

/** What was made, or found in the place of that. */
interface Made {
  readonly result: Result;
  readonly ttlMs: number;
  /** As it is stored; `null`: it is not. */
  readonly bytes: Buffer | null;
  /** Can't be stored, nor copied for others. */
  readonly isRefused: boolean;
}

/** What is stored for a call, if it is of any use. */
interface Found {
  readonly asked: boolean;
  readonly stored: StoredResult | undefined;
  /** How long ago it stopped being fresh; 0: it is fresh. */
  readonly staleMs: number;
}

const FORM: ValueForm<Made> = {
  encode: ({ bytes }) => bytes,
  /** What is stale has to be made anew. */
  decode(stored) {
    const decoded = decodeResult(stored.bytes);
    if (decoded === undefined || staleMsOf(decoded, stored) > 0) return undefined;
    return { result: decoded.result, ttlMs: 0, bytes: stored.bytes, isRefused: false };
  },
};

export function createFunctionResults({
  store,
  background,
  observer,
}: FunctionResultsOptions): FunctionResults {
  const onFailure = (error: unknown) => observer.storeFailed?.('write', storeFailure(error));
  const parts = { store, background, form: FORM, onFailure };
  const flights = createValueFlights(parts);
  const refreshes = createValueRefreshes(parts);

  async function find(base: string): Promise<Found> {
    const reading = await readOne(store, base);
    if (!reading.ok) observer.storeFailed?.('read', reading.error);
    const value = reading.ok ? reading.value : null;
    const stored = value === null ? undefined : decodeResult(value.bytes);
    return { asked: reading.ok, stored, staleMs: stored === undefined ? 0 : staleMsOf(stored, value!) };
  }

  /** What was made of other arguments is the answer to this call, and to no other. */
  async function make(call: FunctionCall): Promise<Made> {
    const made = await carryOut(call);
    if (call.isOfKey()) return made;
    const why = 'the arguments are not those of its key any more';
    const error = new CachegateError('ERR_CACHE_KEY', `A result can't be stored: ${why}`);
    observer.resultRefused?.(call.plan.name, error);
    return { result: made.result, ttlMs: 0, bytes: null, isRefused: true };
  }

  /** Carries the function out. What it throws, and is no result, is thrown. */
  async function carryOut({ plan, carryOut: call }: FunctionCall): Promise<Made> {
    try {
      const value = await call();
      const isNothing = value === undefined || value === null;
      const result: Result = { kind: 'value', value };
      if (isNothing && !plan.cacheNull) return { result, ttlMs: 0, bytes: null, isRefused: false };
      return made(plan, result, plan.ttlMs, Math.max(plan.revalidateMs, plan.errorMs));
    } catch (error) {
      if (!(error instanceof Error) || !isNegative(plan, error)) throw error;
      return made(plan, { kind: 'failure', error }, plan.negative!.ttlMs, 0);
    }
  }

  function made({ name }: FunctionPlan, result: Result, freshMs: number, graceMs: number): Made {
    const ttlMs = freshMs + graceMs;
    try {
      return { result, ttlMs, bytes: encodeResult({ result, graceMs }), isRefused: false };
    } catch (error) {
      observer.resultRefused?.(name, refusalOf(error));
      return { result, ttlMs, bytes: null, isRefused: true };
    }
  }

  function writeOf({ base, tags }: FunctionCall): ValueWrite<Made> {
    return { group: base, ttlMs: (value) => value.ttlMs, tags: tags() };
  }

  /** What all who ask at the same time are answered with; each has it for itself. */
  async function makeForAll(
    call: FunctionCall,
    write: ValueWrite<Made>,
    { asked, stored }: Found,
  ): Promise<Result> {
    let own: Made | null = null;
    const making = async () => {
      own = await make(call);
      return own;
    };
    const all = await flights.join(write, making, asked);
    if (own !== null && stored !== undefined) replaced(call, own);
    // Of what can't be copied, everybody needs one of their own.
    return all.isRefused && own === null ? (await make(call)).result : all.result;
  }

  function refresh(call: FunctionCall): void {
    refreshes.refresh(writeOf(call), async () => {
      try {
        const fresh = await make(call);
        replaced(call, fresh);
        return fresh;
      } catch (error) {
        observer.refreshFailed?.(call.plan.name, error);
        throw error;
      }
    });
  }

  /** What is stored is no longer so, even if nothing can take its place. */
  function replaced({ base }: FunctionCall, { bytes }: Made): void {
    if (bytes === null) background.run(() => orFailure(async () => store.drop([base])).catch(onFailure));
  }

  /** A stale result stands in for a failure, where it may. */
  async function makeOrStandIn(call: FunctionCall, found: Found): Promise<Result> {
    const { stored, staleMs } = found;
    const write = writeOf(call);
    const startedAt = performance.now();
    try {
      return await makeForAll(call, write, found);
    } catch (error) {
      const lateMs = staleMs + performance.now() - startedAt;
      if (stored?.result.kind !== 'value' || staleMs === 0 || lateMs > call.plan.errorMs) throw error;
      observer.staleAnswered?.(call.plan.name, error);
      return stored.result;
    }
  }

  return {
    async answer(call) {
      const { name, counted, revalidateMs } = call.plan;
      const found = await find(call.base);
      const use = useOf(found, revalidateMs);
      observer.resultLookedUp?.(name, use, counted);
      if (use === 'stale') refresh(call);
      return outcomeOf(use === 'miss' ? await makeOrStandIn(call, found) : found.stored!.result);
    },
    async drop(base) {
      flights.forget(base);
      return (await orFailure(async () => store.drop([base]))) > 0;
    },
    async dropTagged(tags) {
      flights.forgetAll();
      return orFailure(async () => store.dropTagged(tags));
    },
  };
}

function useOf({ stored, staleMs }: Found, revalidateMs: number): 'hit' | 'stale' | 'miss' {
  if (stored === undefined) return 'miss';
  if (staleMs === 0) return 'hit';
  return stored.result.kind === 'value' && staleMs <= revalidateMs ? 'stale' : 'miss';
}

function outcomeOf(result: Result): unknown {
  if (result.kind === 'failure') throw result.error;
  return result.value;
}

function isNegative({ negative }: FunctionPlan, error: Error): boolean {
  try {
    return negative !== null && negative.of(error) === true;
  } catch {
    return false;
  }
}

/** What the reading of a result throws (an accessor of it, or memory that ran out) is no concern of the caller's. */
function refusalOf(error: unknown): CachegateError {
  if (error instanceof CachegateError) return error;
  return new CachegateError('ERR_CACHE_VALUE', `A result can't be stored: it can't be read`, {
    cause: error,
  });
}

async function orFailure<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw storeFailure(error);
  }
}

function staleMsOf({ graceMs }: StoredResult, { expiresInMs }: Pick<StoredValue, 'expiresInMs'>): number {
  return Math.max(0, graceMs - expiresInMs);
}
