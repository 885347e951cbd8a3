import { cachegate } from './peers/cachegate.mjs';
import { fastifyAssembly } from './peers/fastify.mjs';
import { floor } from './peers/floor.mjs';
import { nginx } from './peers/nginx.mjs';
import { MANY_SESSIONS } from './workload.mjs';

/**
 * @typedef {object} Peer a server that is measured
 * @property {string} name
 * @property {boolean} usesStore whether each warm request asks the store
 * @property {() => string | null} [missing] why this machine cannot run it; the table then says so
 * @property {(around: import('./rounds.mjs').Around & { port: number }) => Promise<import('./processes.mjs').Server>} start once it listens on `around.port`
 */

const memory = cachegate({ storedIn: 'memory' });
const valkey = cachegate({ storedIn: 'Valkey' });
const assembly = fastifyAssembly({ limiter: 'memory' });
const sharedAssembly = fastifyAssembly({ limiter: 'store' });

/**
 * @typedef {{ id: string, peer: Peer, sessions: number }} Row
 * @type {Row[]}
 */
export const rows = [
  { id: 'a', peer: floor, sessions: 1 },
  { id: 'a1000', peer: floor, sessions: MANY_SESSIONS },
  { id: 'b', peer: memory, sessions: 1 },
  { id: 'b1000', peer: memory, sessions: MANY_SESSIONS },
  { id: 'c', peer: valkey, sessions: 1 },
  { id: 'd', peer: assembly, sessions: 1 },
  { id: 'd1000', peer: assembly, sessions: MANY_SESSIONS },
  { id: 'd2', peer: sharedAssembly, sessions: 1 },
  { id: 'e', peer: nginx, sessions: 1 },
];

/** What cachegate is held to: requests per second of one row, divided by those of another. */
export const bars = [
  { of: 'b', to: 'a', atLeast: 0.75 },
  { of: 'b1000', to: 'a1000', atLeast: 0.65 },
  { of: 'b', to: 'd', atLeast: 4 },
  { of: 'c', to: 'd2', atLeast: 2 },
];
