import { Redis } from 'ioredis';
import { createClient } from 'redis';

/**
 * The store's client as connect-redis takes it: node-redis, or ioredis with the four calls of it that sessions make.
 *
 * @param {'redis' | 'ioredis'} kind
 * @param {string} port
 */
export async function connectRedis(kind, port) {
  if (kind === 'redis') return createClient({ socket: { host: '127.0.0.1', port: Number(port) } }).connect();
  const client = new Redis(Number(port), '127.0.0.1');
  return {
    get: (key) => client.get(key),
    set: (key, value, { expiration }) => client.set(key, value, expiration.type, expiration.value),
    expire: (key, seconds) => client.expire(key, seconds),
    del: (keys) => client.del(keys),
  };
}
