import { createHash } from 'node:crypto';
import type { AppConfig } from '../config/app-schema.ts';

/**
 * The key of the hashes in the store's key names: `hash_key`, or else one made of what all processes of an application
 * share and outsiders do not know, the store's URL. Never of the secrets of sessions, which change.
 */
export function hashKeyOf({ hash_key: hashKey, store = '', namespace }: AppConfig): string {
  if (hashKey !== undefined) return hashKey;
  return createHash('sha256')
    .update(JSON.stringify(['application', store, namespace]))
    .digest('base64url');
}
