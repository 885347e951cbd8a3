import { join } from 'node:path';
import { PROJECT } from '../../scripts/prepare.mjs';
import { withoutPassing } from './passing.mjs';

const ENTRY = join(PROJECT, 'dist', 'entries', 'fetch.js');

/**
 * The cached `fetch` of a client in front of the suite's origin, as a function that the suite can use.
 *
 * @param {{ type: 'shared' | 'private', origin: string, mode: string }} settings
 */
export async function openCachedFetch({ type, origin, mode }) {
  const { createCachedFetch } = await import(ENTRY);
  const fetch = await createCachedFetch({ store: 'memory:', type, mode, services: { default: { origin } } });
  return (url, init) => fetch(url, withoutPassing(init));
}
