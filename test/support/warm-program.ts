import { systemClock } from '../../src/clock.ts';
import { createStoreKeys } from '../../src/store/keys.ts';
import { createKvRestStore } from '../../src/store/kv-rest/kv-rest-store.ts';
import { createLmdbStore } from '../../src/store/lmdb/lmdb-store.ts';
import { createNearStore } from '../../src/store/near/near-store.ts';
import { createResilientStore } from '../../src/store/resilience/resilient-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createValkeyStore } from '../../src/store/valkey/valkey-store.ts';
import { createWarmJobs, type WarmTiming } from '../../src/warm/create-warm-jobs.ts';
import type { WarmResult } from '../../src/warm/warm-result.ts';

// What test/support/warm-process.ts starts: a process with jobs that warm, which asks an origin over HTTP.

export interface WarmProgram {
  readonly store: WarmStorePlace;
  /** Whose answer's status says what became of a URL; 429 with `Retry-After` in milliseconds. */
  readonly originUrl: string;
  readonly timing: Partial<WarmTiming>;
}

export type WarmStorePlace =
  | { readonly kind: 'lmdb'; readonly path: string }
  | { readonly kind: 'redis'; readonly url: string }
  | { readonly kind: 'kv-rest'; readonly url: string; readonly token: string };

interface Asked {
  readonly id: number;
  readonly method: 'start' | 'report' | 'list' | 'cancel' | 'close';
  readonly args: never[];
}

const program = JSON.parse(process.argv[2]!) as WarmProgram;
const told: string[] = [];

async function openBackend(place: WarmStorePlace): Promise<Store> {
  if (place.kind === 'lmdb') return createResilientStore(await createLmdbStore({ path: place.path }));
  const store = place.kind === 'redis' ? createValkeyStore({ url: place.url }) : createKvRestStore(place);
  return createNearStore(createResilientStore(store), { ...NEAR, isNear: () => true });
}

const NEAR = { maxBytes: 8_000_000, maxAgeMs: 500 };

async function warmOne(url: string, signal: AbortSignal): Promise<WarmResult> {
  const answer = await fetch(program.originUrl + url, { signal });
  await answer.arrayBuffer();
  if (answer.ok) return { kind: 'warmed' };
  const reason = `the origin answers ${answer.status}`;
  if (answer.status !== 429) return { kind: 'failed', reason };
  return { kind: 'later', afterMs: Number(answer.headers.get('retry-after')), reason };
}

async function open() {
  const store = await openBackend(program.store);
  await store.ping();
  const jobs = createWarmJobs({
    ...{ store, keys: createStoreKeys('', 'secret'), clock: systemClock, warmOne, timing: program.timing },
    ...{ template: '/api/{id}', concurrency: 8, hottest: async () => [] },
    observer: { warmJobChanged: (_id, state) => void told.push(state) },
  });
  return { ...jobs, store };
}

const opened = open();

process.on('disconnect', () => process.exit());
process.on('message', ({ id, method, args }: Asked) => {
  answer(method, args).then(
    (value) => process.send!({ id, value, told }),
    (error: { code?: string; message: string }) =>
      process.send!({ id, error: `${error.code}: ${error.message}` }),
  );
});

async function answer(method: Asked['method'], args: never[]): Promise<unknown> {
  const { store, ...jobs } = await opened;
  const value = await (jobs[method] as (...given: never[]) => Promise<unknown>)(...args);
  if (method === 'close') await store.close();
  return value;
}
