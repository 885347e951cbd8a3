import { createHmac } from 'node:crypto';

/** The names of everything that cachegate keeps in a store; the one place that spells a key. */
export interface StoreKeys {
  /** `session:{sessionId}`: the verdict `true` of a validated session. */
  session(id: string): string;
  /** `ratelimit:{identifier}`: the identifier is a keyed hash of a session id or a client address. */
  rateLimit(kind: 'session' | 'address', value: string): string;
  /** A keyed hash (HMAC-SHA-256, 128 bits of it, base64url), for names that must not show a secret. */
  hash(value: string): string;
}

/**
 * @param namespace goes before every key as `namespace:`, for several deployments on one server; may be empty.
 * @param secret the key of the hashes; the same in every process of a deployment.
 */
export function createStoreKeys(namespace: string, secret: string): StoreKeys {
  const prefix = namespace === '' ? '' : `${namespace}:`;
  const hash = (value: string) =>
    createHmac('sha256', secret).update(value).digest().subarray(0, 16).toString('base64url');
  return {
    hash,
    session: (id) => `${prefix}session:${id}`,
    rateLimit: (kind, value) => `${prefix}ratelimit:${hash(`${kind}:${value}`)}`,
  };
}
