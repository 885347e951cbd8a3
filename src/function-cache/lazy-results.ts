import type { CachegateError } from '../errors.ts';
import { storeFailure } from '../store/reading.ts';
import { storeClosed } from '../store/store-errors.ts';
import type { FunctionResults } from './function-results.ts';

/** Results on a store, with what belongs to it. */
export interface OpenResults {
  readonly results: FunctionResults;
  close(): Promise<void>;
}

/** Results on a store that is opened when it is first needed. */
export interface LazyResults {
  /** `null`: the store can't be opened, or is closed. Never rejects. */
  results(): FunctionResults | Promise<FunctionResults | null> | null;
  /** @throws CachegateError `ERR_STORE_*`, `ERR_CONFIG_INVALID` */
  neededResults(): Promise<FunctionResults>;
  close(): Promise<void>;
}

/** So long after a store could not be opened, it is tried again. */
const OPEN_AGAIN_MS = 10_000;

/** @param onFailure told of each time that the store can't be opened */
export function createLazyResults(
  open: () => Promise<OpenResults>,
  onFailure: (error: CachegateError) => void,
): LazyResults {
  let opened: OpenResults | null = null;
  let opening: Promise<OpenResults> | null = null;
  let failed: { readonly error: CachegateError; readonly at: number } | null = null;
  let closing: Promise<void> | null = null;

  async function carryOut(): Promise<OpenResults> {
    try {
      opened = await open();
      return opened;
    } catch (error) {
      failed = { error: storeFailure(error), at: performance.now() };
      onFailure(failed.error);
      throw failed.error;
    } finally {
      opening = null;
    }
  }

  async function neededResults(): Promise<FunctionResults> {
    if (closing !== null) throw storeClosed();
    if (opened !== null) return opened.results;
    if (failed !== null && performance.now() - failed.at < OPEN_AGAIN_MS) throw failed.error;
    opening ??= carryOut();
    return (await opening).results;
  }

  async function close(): Promise<void> {
    await opening?.catch(() => {});
    await opened?.close();
  }

  return {
    results() {
      if (closing !== null) return null;
      return opened === null ? neededResults().catch(() => null) : opened.results;
    },
    neededResults,
    close() {
      closing ??= close();
      return closing;
    },
  };
}
