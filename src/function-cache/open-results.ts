import { type Background, createBackground } from '../background.ts';
import { systemClock } from '../clock.ts';
import { lentStore } from '../store/lent-store.ts';
import { createResilientStore } from '../store/resilience/resilient-store.ts';
import type { Store } from '../store/store.ts';
import type { FunctionObserver } from './cached-function.ts';
import type { StoreWatcher } from './function-log.ts';
import { createFunctionResults, NO_RESULTS } from './function-results.ts';
import type { OpenResults } from './lazy-results.ts';

/** Where results are, and what belongs to that. */
export interface ResultsPlace {
  /** As `FunctionCacheOptions.store`. */
  readonly store: Store | string | undefined;
  readonly namespace: string;
  readonly storeTimeoutMs: number;
  readonly memoryLimitMib: number;
  readonly waitUntil: ((work: Promise<unknown>) => void) | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly observer: FunctionObserver;
  readonly storeObserver: StoreWatcher;
}

// More work behind the answers than this means that the store can't keep up; what comes then is not stored.
const MAX_BACKGROUND = 10_000;
/** What is being stored at the end may take so long. */
const SETTLE_MS = 5_000;
const NEAR_CACHE = { max_age_ms: 1_000 };
/** Only an embedded store on disk has it. */
const DISK_LIMIT_MIB = 1_024;

/** @throws CachegateError `ERR_CONFIG_INVALID`, `ERR_STORE_UNAVAILABLE` for a folder that can't be used */
export async function openResults(place: ResultsPlace): Promise<OpenResults> {
  const opened = typeof place.store === 'object' ? guarded(place.store, place) : await openNamed(place);
  if (opened === null) return { results: NO_RESULTS, close: async () => {} };
  const { store, leave } = owned(opened, place.waitUntil);
  const background = handingOn(
    createBackground(MAX_BACKGROUND, () => {}),
    place.waitUntil,
  );
  return {
    results: createFunctionResults({ store, background, observer: place.observer }),
    async close() {
      await background.settle(SETTLE_MS);
      leave();
      await store.close();
    },
  };
}

/** Somebody else's has deadlines here too, and is left open at the end. */
function guarded(store: Store, place: ResultsPlace): Store {
  const { storeTimeoutMs } = place;
  return createResilientStore(lentStore(store), { deadlineMs: storeTimeoutMs, lasting: isLasting(place) });
}

/** A platform that has to be told what to wait for stops the process between its requests: no timer can be relied on. */
function isLasting({ waitUntil }: ResultsPlace): boolean {
  return waitUntil === undefined;
}

/** A lease is given back by nobody's background work; who was lent a store leaves nothing of its own in it. */
function owned(store: Store, waitUntil: ResultsPlace['waitUntil']) {
  const listening: (() => void)[] = [];
  const listen: Store['listen'] = (listener) => {
    const stop = store.listen(listener);
    listening.push(stop);
    return stop;
  };
  const end: Store['end'] = (...args) => {
    const answer = store.end(...args);
    if (answer instanceof Promise) handOn(answer, waitUntil);
    return answer;
  };
  const leave = () => {
    for (const stop of listening.splice(0)) stop();
  };
  return { store: { ...store, listen, end }, leave };
}

/** `null`: `none:` is named. What opens stores is loaded where one is opened. */
async function openNamed(place: ResultsPlace): Promise<Store | null> {
  const { openStore } = await import('../wiring/open-store.ts');
  const { env, namespace, storeObserver: observer } = place;
  const config = {
    ...{ store: (place.store as string | undefined) ?? (await storeOf(env)), namespace },
    ...{ store_timeout_ms: place.storeTimeoutMs, memory_limit_mib: place.memoryLimitMib },
    ...{ disk_limit_mib: DISK_LIMIT_MIB, near_cache: NEAR_CACHE },
  };
  const { store, greeted } = await openStore(config, {
    ...{ clock: systemClock, observer, env, lasting: isLasting(place) },
  });
  // The first call shall find it connected; one that is away is used as soon as it is back.
  await store?.ping().catch(() => {});
  greeted();
  return store;
}

async function storeOf(env: NodeJS.ProcessEnv): Promise<string> {
  const { storeOfEnvironment } = await import('./environment-store.ts');
  return storeOfEnvironment(env, process.cwd());
}

/** Work that the platform shall wait for is told to it. */
function handingOn(background: Background, waitUntil: ResultsPlace['waitUntil']): Background {
  if (waitUntil === undefined) return background;
  return {
    ...background,
    run(work) {
      const taken = background.run(work);
      const underWay = background.underWay();
      if (underWay !== null) handOn(underWay, waitUntil);
      return taken;
    },
  };
}

function handOn(work: Promise<unknown>, waitUntil: ResultsPlace['waitUntil']): void {
  try {
    // Nothing is waited for outside of a request, which a platform says at once or later.
    const taken: unknown = waitUntil?.(work.catch(() => {}));
    if (taken instanceof Promise) taken.catch(() => {});
  } catch {}
}
