import { createHash } from 'node:crypto';
import type { Config } from '../config/schema.ts';

/**
 * The key of the hashes in the store's key names: `hash_key`, or else one made of what all processes of a deployment
 * share and outsiders do not know: the store's URL and the fields sent to the origins, which hold their API keys.
 */
export function hashKeyOf(config: Config): string {
  if (config.hash_key !== undefined) return config.hash_key;
  const shared = Object.entries(config.services)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, service]) => [name, service.origin, service.request_headers]);
  return createHash('sha256')
    .update(JSON.stringify([config.store, shared]))
    .digest('base64url');
}
