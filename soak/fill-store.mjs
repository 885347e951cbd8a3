// Run by itself: fills a store with responses as a gate would have stored them.
// Arguments: the store's URL, how many, the service's name.
import { cacheKey } from '../dist/engine/cache-key.js';
import { encodeStoredForm } from '../dist/response-cache/stored-form.js';
import { createStoreKeys } from '../dist/store/keys.js';

const [url, count, service] = process.argv.slice(2);
const TTL_MS = 24 * 3_600_000;
const AT_ONCE = 1_000;

const store = await openStore(url);
const keys = createStoreKeys('', 'none of these keys is hashed with it');
const body = Buffer.alloc(1_024, 'x');
const now = Date.now();
const fields = ['Content-Type', 'text/plain', 'Cache-Control', 'max-age=86400', 'ETag', '"5f3a2b1c9d8e7f60"'];
const response = { status: 200, requestAt: now, responseAt: now, fields };
const bytes = encodeStoredForm({ kind: 'response', response, body, staleAt: null });

for (let from = 0; from < Number(count); from += AT_ONCE) {
  const length = Math.min(AT_ONCE, Number(count) - from);
  await Promise.all(Array.from({ length }, (_, i) => write(`/${from + i}`)));
}
await store.close();

function write(target) {
  const key = keys.response(service, cacheKey({ service, method: 'GET', target }));
  return store.set(key, bytes, TTL_MS, { group: key, tags: [keys.serviceTag(service, key)] });
}

async function openStore(url) {
  if (url.startsWith('lmdb:')) {
    const { createLmdbStore } = await import('../dist/store/lmdb/lmdb-store.js');
    return createLmdbStore({ path: url.slice('lmdb:'.length), limitBytes: 16 * 2 ** 30 });
  }
  const { createValkeyStore } = await import('../dist/store/valkey/valkey-store.js');
  const opened = createValkeyStore({ url });
  await opened.ping();
  return opened;
}
