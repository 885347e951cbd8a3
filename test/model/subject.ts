import { createBackground } from '../../src/background.ts';
import type { Clock } from '../../src/clock.ts';
import { cacheKey } from '../../src/engine/cache-key.ts';
import type { CachePolicy } from '../../src/engine/policy.ts';
import { endToEndFields, type FieldList } from '../../src/http/fields.ts';
import { createRequestTiming } from '../../src/observe/request-timing.ts';
import type { CacheAnswer, CacheRequest } from '../../src/response-cache/cache-request.ts';
import { createResponseCache } from '../../src/response-cache/response-cache.ts';
import { createStoreKeys } from '../../src/store/keys.ts';
import { createMemoryStore } from '../../src/store/memory/memory-store.ts';
import { readOne } from '../../src/store/reading.ts';
import type { Store } from '../../src/store/store.ts';
import { HOLD_LIMIT_MS } from './rfc/holds.ts';
import type { Mode } from './rfc/keeping.ts';

/** The cache that is tried: the product's own, on a store in memory, with nothing of the gateway around it. */
export interface Subject {
  readonly policy: CachePolicy;
  readonly retryAfterLimitMs: number;
  /** The store's key of a target. */
  keyOf(target: string): string;
  present(fields: FieldList): FieldList;
  respond(request: CacheRequest): CacheAnswer | Promise<CacheAnswer>;
  /** Resolves when nothing is under way behind the answers. */
  settle(): Promise<void>;
}

export interface SubjectOptions {
  readonly mode: Mode;
  /** The store answers later, as one elsewhere does, so that requests overtake one another on the way to it. */
  readonly distant: boolean;
}

export type CreateSubject = (clock: Clock, options: SubjectOptions) => Subject;

const STORE_BYTES = 64 * 1024 * 1024;
const MAX_BACKGROUND = 1_000;
const SETTLED_WITHIN_MS = 60_000;

export const createSubject: CreateSubject = (clock, { mode, distant }) => {
  const memory = createMemoryStore({ maxBytes: STORE_BYTES, clock });
  const store = distant ? asDistant(memory) : memory;
  const keys = createStoreKeys('', 'model');
  const failures: unknown[] = [];
  const background = createBackground(MAX_BACKGROUND, (error) => failures.push(error));
  const known = new Map<string, string>();
  const cache = createResponseCache({ store, keys, clock, background, observer: {} });
  return {
    policy: {
      ...{
        mode,
        heuristic: true,
        force: false,
        negativeTtlSeconds: new Map(),
        staleIfDisconnectedSeconds: 60,
      },
      targetedFields: ['cdn-cache-control', 'surrogate-control'],
    },
    timing: createRequestTiming(),
    retryAfterLimitMs: HOLD_LIMIT_MS,
    keyOf(target) {
      const key =
        known.get(target) ??
        keys.response('service', cacheKey({ service: 'service', method: 'GET', target }));
      known.set(target, key);
      return key;
    },
    present: endToEndFields,
    respond: (request) => {
      const reading = readOne(store, request.key);
      if (reading instanceof Promise) return reading.then((found) => cache.respond(request, found));
      return cache.respond(request, reading);
    },
    async settle() {
      const settled = await background.settle(SETTLED_WITHIN_MS);
      if (!settled) throw new Error('the work behind the answers does not end');
      if (failures.length > 0) throw failures[0];
    },
  };
};

function asDistant(store: Store): Store {
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  return {
    ...store,
    get: (keys) => turn().then(() => store.get(keys)),
    set: (...entry) => turn().then(() => store.set(...entry)),
    delete: (keys) => turn().then(() => store.delete(keys)),
    begin: (...fill) => turn().then(() => store.begin(...fill)),
    end: (...lease) => turn().then(() => store.end(...lease)),
    drop: (bases) => turn().then(() => store.drop(bases)),
  };
}
