import { cachegate } from './peers/cachegate.mjs';
import { fastifyAssembly } from './peers/fastify.mjs';
import { floor } from './peers/floor.mjs';
import { nginx } from './peers/nginx.mjs';
import { ownSessions, usualSessions } from './peers/session-peers.mjs';
import { cores } from './tools.mjs';
import { MANY_SESSIONS } from './workload.mjs';

/**
 * @typedef {object} Peer a server that is measured
 * @property {string} name
 * @property {boolean} usesStore whether each warm request asks the store
 * @property {import('./rounds.mjs').Workload} [workload] that of the gate by default
 * @property {() => string | null} [missing] why this machine cannot run it; the table then says so
 * @property {(around: import('./rounds.mjs').Around & { port: number }) => Promise<import('./processes.mjs').Server>} start once it listens on `around.port`
 */

const memory = cachegate({ storedIn: 'memory' });
const near = cachegate({ storedIn: 'Valkey' });
const valkeyAlone = cachegate({ storedIn: 'Valkey alone' });
const lmdb = cachegate({ storedIn: 'lmdb' });
const oneWorker = cachegate({ storedIn: 'Valkey', core: cores.both });
const twoWorkers = cachegate({ storedIn: 'Valkey', core: cores.both, workers: 2 });
const assembly = fastifyAssembly({ limiter: 'memory' });
const sharedAssembly = fastifyAssembly({ limiter: 'store' });
const storedAssembly = fastifyAssembly({ limiter: 'store', responses: 'store' });

// Without a touch at each request the usual sessions are at their fastest, and end while they are in use.
const expressPeer = usualSessions('express', { client: 'redis', touch: 'always' });
const expressUntouched = usualSessions('express', { client: 'redis' });
const expressNear = ownSessions('express', { nearCache: 'on' });
const expressFar = ownSessions('express', { nearCache: 'off' });
const fastifyRolling = usualSessions('fastify', { client: 'ioredis', touch: 'always' });
const fastifyPeer = usualSessions('fastify', { client: 'ioredis' });
const fastifyNodeRedis = usualSessions('fastify', { client: 'redis' });
const fastifyNear = ownSessions('fastify', { nearCache: 'on' });
const fastifyFar = ownSessions('fastify', { nearCache: 'off' });

/**
 * @typedef {{ id: string, peer: Peer, sessions: number }} Row
 * @type {Row[]}
 */
export const rows = [
  { id: 'a', peer: floor, sessions: 1 },
  { id: 'a1000', peer: floor, sessions: MANY_SESSIONS },
  { id: 'b', peer: memory, sessions: 1 },
  { id: 'b1000', peer: memory, sessions: MANY_SESSIONS },
  { id: 'n', peer: near, sessions: 1 },
  { id: 'n1000', peer: near, sessions: MANY_SESSIONS },
  { id: 'w1', peer: oneWorker, sessions: 1 },
  { id: 'w2', peer: twoWorkers, sessions: 1 },
  { id: 'l', peer: lmdb, sessions: 1 },
  { id: 'c', peer: valkeyAlone, sessions: 1 },
  { id: 'd', peer: assembly, sessions: 1 },
  { id: 'd1000', peer: assembly, sessions: MANY_SESSIONS },
  { id: 'd2', peer: sharedAssembly, sessions: 1 },
  { id: 'd3', peer: storedAssembly, sessions: 1 },
  { id: 'e', peer: nginx, sessions: 1 },
  { id: 'e1', peer: expressPeer, sessions: MANY_SESSIONS },
  { id: 'e2', peer: expressUntouched, sessions: MANY_SESSIONS },
  { id: 'e3', peer: expressNear, sessions: MANY_SESSIONS },
  { id: 'e4', peer: expressFar, sessions: MANY_SESSIONS },
  { id: 'f1', peer: fastifyRolling, sessions: MANY_SESSIONS },
  { id: 'f2', peer: fastifyPeer, sessions: MANY_SESSIONS },
  { id: 'f2r', peer: fastifyNodeRedis, sessions: MANY_SESSIONS },
  { id: 'f3', peer: fastifyNear, sessions: MANY_SESSIONS },
  { id: 'f4', peer: fastifyFar, sessions: MANY_SESSIONS },
];

/**
 * What cachegate is held to: a row's requests per second divided by another's, or, where it says so, their processor time
 * for a request.
 */
export const bars = [
  { of: 'b', to: 'a', atLeast: 0.75 },
  { of: 'b1000', to: 'a1000', atLeast: 0.65 },
  { of: 'n', to: 'b', atLeast: 0.95 },
  { of: 'n1000', to: 'b1000', atLeast: 0.7 },
  // The load needs one of the two cores: what two do with two of their own is not to be had here, what a request costs is.
  { of: 'w2', to: 'w1', atLeast: 0.9, by: 'processor time' },
  { of: 'l', to: 'b', atLeast: 0.6 },
  { of: 'b', to: 'd', atLeast: 4 },
  { of: 'c', to: 'd2', atLeast: 2.5 },
  { of: 'c', to: 'd3', atLeast: 2.5 },
  { of: 'e3', to: 'e1', atLeast: 1.4 },
  { of: 'e3', to: 'e2', atLeast: 1.4 },
  { of: 'e4', to: 'e1', atLeast: 1.2 },
  { of: 'e4', to: 'e2', atLeast: 1.2 },
  { of: 'f3', to: 'f2', atLeast: 2 },
  { of: 'f3', to: 'f2r', atLeast: 2 },
  { of: 'f4', to: 'f2', atLeast: 1.5 },
  { of: 'f4', to: 'f2r', atLeast: 1.5 },
];
