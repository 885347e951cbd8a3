import { randomUUID } from 'node:crypto';
import type { FunctionCache, FunctionObserver } from '../function-cache/cached-function.ts';
import { createFunctions } from '../function-cache/create-functions.ts';
import { createFunctionLog } from '../function-cache/function-log.ts';
import { createFunctionResults } from '../function-cache/function-results.ts';
import { safeObserver } from '../function-cache/safe-observer.ts';
import type { Log } from '../observe/known-logs.ts';
import type { Store } from '../store/store.ts';
import type { OpenParts } from '../wiring/open-parts.ts';

type FunctionParts = Pick<OpenParts, 'clock' | 'keys' | 'background' | 'observer'>;

/** Makes cached functions on the one store of an application, counted and told as its other values are. */
export function wireFunctions(
  { clock, keys, background, observer }: FunctionParts,
  store: Store,
  log: Log,
): FunctionCache['cached'] {
  // Failures of the store are told as those of all parts.
  const { storeFailed: _, ...lines } = createFunctionLog(log, clock);
  const counts: FunctionObserver = {
    resultLookedUp: (_name, result, counted) => observer.valueLookedUp?.(counted, result !== 'miss'),
    storeFailed: (operation, error) => {
      const failed = operation === 'write' ? 'write' : 'read';
      observer.storeFailed?.('value cache', failed, error, { correlationId: randomUUID });
    },
  };
  const results = createFunctionResults({ store, background, observer: safeObserver([counts, lines]) });
  const opened = { results: () => results, neededResults: async () => results, close: async () => {} };
  return createFunctions(opened, keys).cached;
}
