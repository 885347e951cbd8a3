import { createHash, createHmac } from 'node:crypto';

/** The names of everything that cachegate keeps in a store; the one place that spells a key. */
export interface StoreKeys {
  /**
   * `session:{sessionId}`: the verdict `true` of a validated session. `authority` tells several authorities of one
   * deployment apart, as `session:{authority}:{sessionId}`; empty where there is one.
   */
  session(authority: string, id: string): string;
  /** `verdict:{id}`, in the same way: the verdict on a session with whose it is, as JSON. */
  verdict(authority: string, id: string): string;
  /** `ownsession:{digest}`: a session of the application's own, by the keyed hash of its id. The braces are a hash tag. */
  ownSession(digest: string): string;
  /** `ownsession:{digest}:moved`: the digest of the session's new id, for requests that were under way at the change. */
  movedSession(sessionKey: string): string;
  /** `tag:{~digest}`: a user's own sessions, or all verdicts on one id, by a keyed hash. */
  userTag(digest: string): string;
  /** `tag:{~kind:c}`: the own sessions of a kind whose digest begins with this character; one of 64, as a service's. */
  sessionTag(kind: string, sessionKey: string): string;
  /** All of them. */
  sessionTags(kind: string): readonly string[];
  /** `value:{key}`: a value of the application's. A key that is no plain tag stands there as its digest, `value:{#digest}`. */
  value(key: string): string;
  /** `ratelimit:{identifier}`: the identifier is a keyed hash of a service's name and a session id or address. */
  rateLimit(service: string, kind: 'session' | 'address', value: string): string;
  /**
   * `ratelimit:origin:{name}`: the budget of requests to an origin, by its service's name or the one it is shared as. Nothing
   * secret, and not hashed: all that share a store share it, whatever their hash keys.
   */
  originBudget(name: string): string;
  /**
   * `response:{service:digest}`: a stored response, or the list of what its variants vary by. The braces are a
   * Cluster hash tag, so that all of one resource lies in one slot.
   */
  response(service: string, cacheKey: string): string;
  /** `response:{service:digest}:digest`: one variant of it. */
  variant(responseKey: string, generation: string, variantKey: string): string;
  /** `response:{service:digest}:body:id:n`: a piece of a body that is too large to lie beside its head. */
  piece(responseKey: string, bodyId: string, index: number): string;
  /**
   * `tag:{name}`: the responses with a tag. A name of more than 64 characters, or of others than `A-Z a-z 0-9 _ . : / -`,
   * stands there as its digest, `tag:{#digest}`.
   */
  tag(name: string): string;
  /**
   * `tag:{@service:c}`: the responses of a service whose digest begins with this character. One of 64 that share the
   * service's responses, so that no key and no slot has to hold them all.
   */
  serviceTag(service: string, responseKey: string): string;
  /** All of them. */
  serviceTags(service: string): readonly string[];
  /** `tag:{>service:digest}`: what is stored for a target beside its GET, by the key of that: what is keyed by content. */
  targetTag(responseKey: string): string;
  /** `stats:{n}`: counters of hits and misses, one of `STATISTICS_SHARDS` that the processes spread over. */
  statistics(shard: number): string;
  /** `hot:{YYYYMMDDHH}`: how often targets were asked for in one hour (UTC). */
  hot(hour: string): string;
  /** `warm:{id}`: a job that warms the cache. */
  warm(id: string): string;
  /** `warm:{id}:name:n`: a part of it, in its slot. */
  warmPart(warmKey: string, name: string, index: number): string;
  /** `tag:{~warm}`: all such jobs. No user's or kind's tag is called so. */
  warmTag(): string;
  /** A keyed hash (HMAC-SHA-256, 128 bits of it, base64url), for names that must not show a secret. */
  hash(value: string): string;
}

/** So many keys share what a fleet counts: no slot of a Cluster is written by all of its processes. */
export const STATISTICS_SHARDS = 16;

const HASH_BYTES = 16;
/** The digits of base64url, with which a digest may begin. */
const DIGITS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'];
// None of the characters that set other tags apart, and no braces.
const PLAIN_TAG = /^[\w.:/-]{1,64}$/;

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
    verdict: (authority, id) => `${prefix}verdict:${authority === '' ? '' : `${authority}:`}${id}`,
    ownSession: (digest) => `${prefix}ownsession:{${digest}}`,
    movedSession: (sessionKey) => `${sessionKey}:moved`,
    userTag: (digest) => `${prefix}tag:{~${digest}}`,
    sessionTag: (kind, sessionKey) => `${prefix}tag:{~${kind}:${hashTagOf(sessionKey)[0]}}`,
    sessionTags: (kind) => DIGITS.map((digit) => `${prefix}tag:{~${kind}:${digit}}`),
    value: (key) => `${prefix}value:{${plainOrDigest(key)}}`,
    rateLimit: (service, kind, value) => `${prefix}ratelimit:${hash(`${service}:${kind}:${value}`)}`,
    originBudget: (name) => `${prefix}ratelimit:origin:${name}`,
    response: (service, cacheKey) => `${prefix}response:{${service}:${digest(cacheKey)}}`,
    variant: (responseKey, generation, variantKey) =>
      `${responseKey}:${digest(`${generation}\n${variantKey}`)}`,
    piece: (responseKey, bodyId, index) => `${responseKey}${PIECE}${bodyId}:${index}`,
    tag: (name) => `${prefix}tag:{${plainOrDigest(name)}}`,
    serviceTag: (service, responseKey) => `${prefix}tag:{@${service}:${digestOf(responseKey)[0]}}`,
    serviceTags: (service) => DIGITS.map((digit) => `${prefix}tag:{@${service}:${digit}}`),
    targetTag: (responseKey) => `${prefix}tag:{>${hashTagOf(responseKey)}}`,
    statistics: (shard) => `${prefix}stats:{${shard}}`,
    hot: (hour) => `${prefix}hot:{${hour}}`,
    warm: (id) => `${prefix}warm:{${id}}`,
    warmPart: (warmKey, name, index) => `${warmKey}:${name}:${index}`,
    warmTag: () => `${prefix}tag:{~warm}`,
  };
}

function plainOrDigest(name: string): string {
  return PLAIN_TAG.test(name) ? name : `#${digest(name)}`;
}

const PIECE = ':body:';
const PIECE_OF_RESPONSE = `}${PIECE}`;

/** Whether a key is that of a piece of a body. What pieces hold is kept decoded, if at all. */
export function isPieceKey(key: string): boolean {
  return key.includes(PIECE_OF_RESPONSE);
}

/** What stands between the braces of a key: its Cluster hash tag; of an own session, the digest. */
export function hashTagOf(key: string): string {
  return key.slice(key.lastIndexOf('{') + 1, key.lastIndexOf('}'));
}

function digestOf(responseKey: string): string {
  return responseKey.slice(responseKey.lastIndexOf(':') + 1, responseKey.lastIndexOf('}'));
}

function digest(value: string): string {
  return cut(createHash('sha256').update(value).digest());
}

function cut(bytes: Buffer): string {
  return bytes.subarray(0, HASH_BYTES).toString('base64url');
}
