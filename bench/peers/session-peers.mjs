import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pageWorkload } from '../page-workload.mjs';
import { cores } from '../tools.mjs';

const BUILT = fileURLToPath(new URL('../../dist', import.meta.url));

const program = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * A server of the page with the framework's usual sessions, each of which asks the store's server at every request.
 *
 * @param {'express' | 'fastify'} framework
 * @param {{ client: 'redis' | 'ioredis', touch?: 'always' | 'never' }} options the client of the store; and whether a
 *   request that changes nothing lengthens the session: Express 5 has a call for that, @fastify/session writes it anew
 */
export function usualSessions(framework, { client, touch = 'never' }) {
  const { name, file, touches } = {
    express: {
      name: 'Express 5, express-session, connect-redis',
      file: 'session-express-peer.mjs',
      touches: { always: '', never: ', no touch' },
    },
    fastify: {
      name: 'Fastify 5, @fastify/session, connect-redis',
      file: 'session-fastify-peer.mjs',
      touches: { always: ', rolling', never: '' },
    },
  }[framework];
  return {
    name: `${name} (${client}${touches[touch]})`,
    usesStore: true,
    workload: pageWorkload,
    start: ({ processes, store, port }) =>
      processes.serve({
        name: `session-${framework}-peer-${client}-${touch}`,
        command: process.execPath,
        args: [program(file), String(port), String(store.port), client, touch],
        core: cores.server,
        port,
      }),
  };
}

/**
 * The same page with cachegate's sessions.
 *
 * @param {'express' | 'fastify' | 'hono'} framework
 * @param {{ nearCache: 'on' | 'off', build?: string, timed?: boolean }} options `timed`: tells at `/look-ups` how long its
 *   look-ups took since it was asked last
 */
export function ownSessions(framework, { nearCache, build = BUILT, timed = false }) {
  const name = { express: 'Express 5', fastify: 'Fastify 5', hono: 'Hono 4' }[framework];
  const near = nearCache === 'on' ? 'with the near cache' : 'nothing kept in the process';
  return {
    name: `${name}, cachegate's sessions, ${near}`,
    usesStore: nearCache === 'off',
    workload: pageWorkload,
    async start({ processes, store, port }) {
      if (!existsSync(build)) throw new Error(`There is no build in ${build}. Run: npm run build`);
      return processes.serve({
        name: `session-${framework}-near-${nearCache}`,
        command: process.execPath,
        args: [
          ...[program(`session-${framework}.mjs`), String(port), store.url, nearCache, build],
          ...(timed ? ['timed'] : []),
        ],
        core: cores.server,
        port,
      });
    },
  };
}
