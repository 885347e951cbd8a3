import { Readable } from 'node:stream';
import { type Background, createBackground } from '../../src/background.ts';
import { systemClock } from '../../src/clock.ts';
import { createRequestTiming } from '../../src/observe/request-timing.ts';
import type { CacheAnswer, CacheRequest, FetchedResponse } from '../../src/response-cache/cache-request.ts';
import { createResponseCache } from '../../src/response-cache/response-cache.ts';
import { createStoreKeys, type StoreKeys } from '../../src/store/keys.ts';
import { readOne } from '../../src/store/reading.ts';
import type { Store } from '../../src/store/store.ts';
import { PLAIN_POLICY, requestWith } from './exchange.ts';

/** A request that has reached the origin, and waits for its answer. */
export interface AtOrigin {
  readonly process: string;
  readonly target: string;
  readonly method: string;
  /** What the cache added of its own. */
  readonly conditions: readonly string[];
  answer(fields: Record<string, string>, body?: string | Buffer | Readable, status?: number): void;
  fail(error: Error): void;
}

export interface Asking extends Partial<CacheRequest> {
  readonly target?: string;
  readonly method?: string;
  /** By lower-case name. */
  readonly fields?: Readonly<Record<string, string>>;
}

export interface Given {
  readonly status: number;
  readonly body: string;
  /** In the words of Cache-Status. */
  readonly outcome: CacheAnswer['outcome'];
}

/** The response cache of one process, with requests as its gateway would hand them on. */
export interface CacheProcess {
  readonly store: Store;
  readonly background: Background;
  ask(asking?: Asking): Promise<Given>;
  keyOf(target: string): string;
  /** Resolves when nothing is under way behind the answers. */
  settle(): Promise<void>;
}

const BASE_URI = 'http://origin.test';
export const KEYS: StoreKeys = createStoreKeys('', 'secret');

/** @param origin gets each request that is forwarded */
export function createCacheProcess(name: string, store: Store, origin: AtOrigin[]): CacheProcess {
  const failures: unknown[] = [];
  const background = createBackground(1_000, (error) => failures.push(error));
  const cache = createResponseCache({ store, keys: KEYS, clock: systemClock, background, observer: {} });
  const keyOf = (target: string) => KEYS.response('api', `GET api ${target}`);

  function requestOf({ target = '/', method = 'GET', fields = {}, ...other }: Asking): CacheRequest {
    const facts = requestWith(fields, method);
    const forward: CacheRequest['forward'] = ({ conditions, signal }) =>
      new Promise<FetchedResponse>((resolve, reject) => {
        const requestAt = Date.now();
        signal.addEventListener('abort', () => reject(signal.reason));
        const answer: AtOrigin['answer'] = (given, body = '', status = 200) => {
          const source = body instanceof Readable ? body : Readable.from([Buffer.from(body)]);
          const all = Object.entries({ Date: new Date().toUTCString(), ...given }).flat();
          resolve({ status, fields: all, body: source, requestAt, responseAt: Date.now() });
        };
        origin.push({ process: name, target, method, conditions, answer, fail: reject });
      });
    return {
      ...{ service: 'api', key: keyOf(target), facts, targetUri: BASE_URI + target },
      ...{ headOnly: method === 'HEAD', policy: PLAIN_POLICY, maxBodyBytes: 4_000_000, stallMs: 5_000 },
      timing: createRequestTiming(),
      ...{ retryAfterLimitMs: 0, hasOwnBudget: true, isKeyExact: true, collapseMs: 10_000, tags: [] },
      ...{ compressFromBytes: null, targetKey: null, hasSeveralKeys: false },
      signal: new AbortController().signal,
      likeness: () => JSON.stringify(fields),
      correlationId: () => name,
      present: (all) => all,
      keyOf: (uri) => (uri.startsWith(BASE_URI) ? keyOf(uri.slice(BASE_URI.length)) : null),
      forward,
      ...other,
    };
  }

  return {
    ...{ store, background, keyOf },
    async ask(asking = {}) {
      const request = requestOf(asking);
      const { method } = request.facts;
      const isRead = method === 'GET' || method === 'HEAD';
      const reading = isRead ? await readOne(store, request.key) : { ok: true as const, value: null };
      const { status, body, outcome } = await cache.respond(request, reading);
      const bytes =
        body instanceof Readable ? Buffer.concat(await body.toArray()) : (body ?? Buffer.alloc(0));
      return { status, body: bytes.toString('latin1'), outcome };
    },
    async settle() {
      if (!(await background.settle(10_000))) throw new Error('the work behind the answers does not end');
      if (failures.length > 0) throw failures[0];
    },
  };
}
