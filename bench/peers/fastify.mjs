import { fileURLToPath } from 'node:url';
import { cores } from '../tools.mjs';

const SERVER = fileURLToPath(new URL('fastify-server.mjs', import.meta.url));

/**
 * The usual parts put together: Fastify 5, @fastify/cors, @fastify/rate-limit, the session in Valkey, undici's cache.
 *
 * @param {{ limiter: 'memory' | 'store', responses?: 'memory' | 'store' }} options where @fastify/rate-limit counts, and
 *   where undici's cache keeps responses: in the store by undici-cache-redis, without its copies in the process
 */
export function fastifyAssembly({ limiter, responses = 'memory' }) {
  const place = (part) => (part === 'memory' ? 'memory' : 'Valkey');
  const cache = responses === 'memory' ? "undici's cache" : 'undici-cache-redis';
  return {
    name: `Fastify 5, rate limit in ${place(limiter)}, session in Valkey, ${cache}`,
    usesStore: true,
    start: ({ processes, upstreams, store, port }) =>
      processes.serve({
        name: `fastify-${limiter}-${responses}`,
        command: process.execPath,
        args: [
          SERVER,
          limiter,
          responses,
          String(port),
          String(store.port),
          upstreams.originUrl,
          upstreams.authorityUrl,
        ],
        core: cores.server,
        port,
      }),
  };
}
