import { randomUUID } from 'node:crypto';
import type { CacheTest } from '../admin/operations.ts';
import { storeFailure } from '../store/reading.ts';
import type { Store } from '../store/store.ts';

const TTL_SECONDS = 10;
const KIND_OF_NONE = 'none';

/** Sets a key with an expiry, reads it back and says so (C4). Never rejects. */
export async function testCache(store: Store | null, namespace: string): Promise<CacheTest> {
  const key = `${namespace === '' ? '' : `${namespace}:`}cache-test:${randomUUID()}`;
  const written = new Date().toISOString();
  const test = { store: store?.kind ?? KIND_OF_NONE, key, ttl_seconds: TTL_SECONDS, written };
  if (store === null) return { ...test, status: 'failed', read: null, error: 'No store is configured' };
  try {
    await store.set(key, Buffer.from(written), TTL_SECONDS * 1000);
    const [found = null] = await store.get([key]);
    const read = found?.bytes.toString() ?? null;
    return { ...test, status: read === written ? 'ok' : 'failed', read };
  } catch (error) {
    return { ...test, status: 'failed', read: null, error: storeFailure(error).message };
  }
}
