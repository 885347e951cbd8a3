import { createBackground } from '../../src/background.ts';
import { systemClock as clock } from '../../src/clock.ts';
import type { FetchServiceOptions } from '../../src/fetch/fetch-service.ts';
import { createGotRequest, type GotRequest } from '../../src/fetch/got.ts';
import { createInterceptor } from '../../src/fetch/interceptor.ts';
import { createResponseCache } from '../../src/response-cache/response-cache.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import type { Store } from '../../src/store/store.ts';
import { KEYS } from './cached-fetch.ts';

/** Leads the requests of an application's own clients through one cache. */
export interface InterceptedParts {
  /** For `compose` of any undici. */
  readonly interceptor: <Dispatch>(dispatch: Dispatch) => Dispatch;
  /** For got's option `request`. */
  readonly request: GotRequest;
  readonly store: Store;
  /** What origins have failed with, and what is a fault here. */
  readonly failures: unknown[];
  /** Resolves when nothing is under way behind the answers. */
  settle(): Promise<void>;
}

export function createInterceptedParts(
  services: readonly FetchServiceOptions[],
  store: Store = createMemoryStore({ maxBytes: 64 * 1024 * 1024, clock }),
  origin?: string,
): InterceptedParts {
  const failures: unknown[] = [];
  const background = createBackground(1_000, (error) => failures.push(error));
  const observer = {
    originFailed: (_service: string, error: unknown) => void failures.push(error),
    requestFailed: (_service: string, error: unknown) => void failures.push(error),
  };
  const parts = { store, keys: KEYS, clock, background, observer };
  const options = { ...parts, responses: createResponseCache(parts), services };
  return {
    interceptor: createInterceptor({ ...options, origin }) as never,
    request: createGotRequest(options),
    ...{ store, failures },
    async settle() {
      if (!(await background.settle(10_000))) throw new Error('the work behind the answers does not end');
    },
  };
}
