import { createHash, createHmac } from 'node:crypto';

/** The names of everything that cachegate keeps in a store; the one place that spells a key. */
export interface StoreKeys {
  /**
   * `session:{sessionId}`: the verdict `true` of a validated session. `authority` tells several authorities of one
   * deployment apart, as `session:{authority}:{sessionId}`; empty where there is one.
   */
  session(authority: string, id: string): string;
  /** `ratelimit:{identifier}`: the identifier is a keyed hash of a service's name and a session id or address. */
  rateLimit(service: string, kind: 'session' | 'address', value: string): string;
  /**
   * `response:{service:digest}`: a stored response, or the list of what its variants vary by. The braces are a
   * Cluster hash tag, so that all of one resource lies in one slot.
   */
  response(service: string, cacheKey: string): string;
  /** `response:{service:digest}:digest`: one variant of it. */
  variant(responseKey: string, generation: string, variantKey: string): string;
  /** A keyed hash (HMAC-SHA-256, 128 bits of it, base64url), for names that must not show a secret. */
  hash(value: string): string;
}

const HASH_BYTES = 16;

/**
 * @param namespace goes before every key as `namespace:`, for several deployments on one server; may be empty.
 * @param secret the key of the keyed hashes; the same in every process of a deployment.
 */
export function createStoreKeys(namespace: string, secret: string): StoreKeys {
  const prefix = namespace === '' ? '' : `${namespace}:`;
  const hash = (value: string) => cut(createHmac('sha256', secret).update(value).digest());
  return {
    hash,
    session: (authority, id) => `${prefix}session:${authority === '' ? '' : `${authority}:`}${id}`,
    rateLimit: (service, kind, value) => `${prefix}ratelimit:${hash(`${service}:${kind}:${value}`)}`,
    response: (service, cacheKey) => `${prefix}response:{${service}:${digest(cacheKey)}}`,
    variant: (responseKey, generation, variantKey) =>
      `${responseKey}:${digest(`${generation}\n${variantKey}`)}`,
  };
}

function digest(value: string): string {
  return cut(createHash('sha256').update(value).digest());
}

function cut(bytes: Buffer): string {
  return bytes.subarray(0, HASH_BYTES).toString('base64url');
}
