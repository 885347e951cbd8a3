// `cachegate/fetch`: a `fetch`, with settings for the cache.
import { type CachedFetch, cacheOutcomeOf, createCachedFetch } from 'cachegate/fetch';

export async function open(): Promise<CachedFetch> {
  await createCachedFetch({
    store: 'memory:',
    // @ts-expect-error shared or private
    type: 'public',
  });
  await createCachedFetch({
    // @ts-expect-error a service has an origin
    services: { library: { cache: { ttl_seconds: 60 } } },
  });
  await createCachedFetch({
    // @ts-expect-error an application's, and not a cache's
    sessions: {},
  });
  return createCachedFetch({
    type: 'private',
    log: true,
    onError: (error: unknown) => void error,
    fetch: globalThis.fetch,
    services: { library: { origin: 'https://library.example.com', cache: { ttl_seconds: 60 } } },
  });
}

export async function use(cachedFetch: CachedFetch): Promise<string> {
  // It stands wherever a `fetch` does.
  const fetch: typeof globalThis.fetch = cachedFetch;
  await fetch('https://library.example.com/books/1', { method: 'HEAD' });
  // @ts-expect-error what only this one knows
  await fetch('https://library.example.com/books/1', { cachegate: { tags: ['books'] } });
  await cachedFetch('https://library.example.com/books/1', { cache: 'only-if-cached' });
  const response = await cachedFetch('https://library.example.com/books/1', {
    cachegate: { tags: ['books'], revalidate: 60, ttl: 300 },
  });
  // @ts-expect-error seconds
  await cachedFetch('https://library.example.com/books/1', { cachegate: { ttl: '300' } });
  const outcome = cacheOutcomeOf(response);
  // @ts-expect-error nothing of ours may have answered
  outcome.hit;
  if (outcome !== null && !outcome.hit && outcome.fwd === 'stale') return outcome.detail ?? '';
  const dropped: number = await cachedFetch.invalidate('books', 'authors');
  // @ts-expect-error all there is has every one of no tags
  await cachedFetch.invalidate();
  const stats = cachedFetch.getStats();
  // @ts-expect-error they may be off
  stats.hit_rate;
  await cachedFetch.close();
  return `${dropped}`;
}
