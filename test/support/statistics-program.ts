import { createCachegate } from '../../src/app/create-cachegate.ts';

// What test/support/statistics-process.ts starts: an application that counts what is asked of its cache.

interface Asked {
  readonly id: number;
  readonly kind: keyof typeof tasks;
  readonly argument: string;
}

const opening = createCachegate(JSON.parse(process.argv[2]!), { env: {} });
const KEPT = 'kept';

const tasks = {
  /** So many hits of values, then so many misses: `hits,misses`. */
  async values(argument: string) {
    const { cache } = await opening;
    const [hits = 0, misses = 0] = argument.split(',').map(Number);
    if (hits > 0) await cache.set(KEPT, 1, { ttlSeconds: 3_600 });
    for (let i = 0; i < hits; i += 1) await cache.get(KEPT);
    for (let i = 0; i < misses; i += 1) await cache.get('absent');
  },
  async fetch(url: string) {
    const { fetch } = await opening;
    await (await fetch(url)).arrayBuffer();
  },
  stats: async () => (await opening).getStats(),
  complete: async () => (await opening).getStatsAsync(),
  hottest: async (limit: string) => (await opening).statistics.hottest(Number(limit)),
  close: async () => (await opening).close(),
};

process.on('disconnect', () => process.exit());
process.on('message', ({ id, kind, argument }: Asked) => {
  tasks[kind](argument).then(
    (value) => process.send!({ id, value }),
    (error: Error) => process.send!({ id, error: error.message }),
  );
});
