import { fileURLToPath } from 'node:url';
import { cores } from '../tools.mjs';

const SERVER = fileURLToPath(new URL('fastify-server.mjs', import.meta.url));

/**
 * The usual parts put together: Fastify 5, @fastify/cors, @fastify/rate-limit, the session in Valkey, undici's cache.
 *
 * @param {{ limiter: 'memory' | 'store' }} options where @fastify/rate-limit counts
 */
export function fastifyAssembly({ limiter }) {
  return {
    name: `Fastify 5, rate limit in ${limiter === 'memory' ? 'memory' : 'Valkey'}, session in Valkey, undici's cache`,
    usesStore: true,
    start: ({ processes, upstreams, store, port }) =>
      processes.serve({
        name: `fastify-${limiter}`,
        command: process.execPath,
        args: [
          SERVER,
          limiter,
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
