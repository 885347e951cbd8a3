import { join } from 'node:path';
import { PROJECT } from '../../scripts/prepare.mjs';

const ENTRY = join(PROJECT, 'dist', 'entries', 'fetch.js');

/**
 * The cached `fetch` of a client in front of the suite's origin, as a function that the suite can use.
 *
 * @param {{ type: 'shared' | 'private', origin: string, mode: string }} settings
 */
export async function openCachedFetch({ type, origin, mode }) {
  const { createCachedFetch } = await import(ENTRY);
  const fetch = await createCachedFetch({ store: 'memory:', type, mode, services: { default: { origin } } });
  return (url, init) => fetch(url, asSent(init));
}

// What the suite asks of every fetch, since it takes the cache for one behind it; this one is the cache.
const PAST_A_CACHE = { cache: 'no-store', fields: ['Pragma foo', 'Cache-Control nothing-to-see-here'] };

function asSent({ cache, headers = [], ...init } = {}) {
  const asked = headers.filter((field) => !PAST_A_CACHE.fields.includes(field.join(' ')));
  return { ...init, headers: asked, ...(cache !== PAST_A_CACHE.cache && { cache }) };
}
