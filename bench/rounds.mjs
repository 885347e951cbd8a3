import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gateWorkload } from './checks.mjs';
import { measureRound } from './measure.mjs';
import { freePort } from './processes.mjs';
import { cores } from './tools.mjs';

export const WARM_UP_SECONDS = 2;

/**
 * @typedef {object} Around what stands around the servers
 * @property {string} directory for files of the run
 * @property {ReturnType<typeof import('./processes.mjs').createProcesses>} processes
 * @property {import('./upstreams.mjs').Upstreams} upstreams
 * @property {import('./store-server.mjs').StoreServer} store
 * @property {AbortSignal} signal
 *
 * @typedef {object} Workload what a server is asked
 * @property {string} target
 * @property {string} origin of the field of that name; empty: the request has none
 * @property {string} field that says whose request it is
 * @property {(peer: RunningPeer, around: Around) => Promise<void>} warmAndCheck makes every session known to a server, and
 *   checks that it does its whole work
 * @property {(peer: RunningPeer, count: number) => readonly string[] | Promise<readonly string[]>} sessionsFor the values of
 *   `field` for one round, all known to the server
 *
 * @typedef {import('./rows.mjs').Peer & { port: number }} RunningPeer
 */

/**
 * Starts and checks every server, warms each row up, then measures the rows one after the other, round by round.
 *
 * @param {import('./rows.mjs').Row[]} selected
 * @param {{ rounds: number, seconds: number }} options
 * @param {Around} around
 * @returns {Promise<import('./report.mjs').Result[]>}
 */
export async function measureRows(selected, options, around) {
  const servers = await startPeers(new Set(selected.map(({ peer }) => peer)), around);
  const results = selected.map(({ id, peer, sessions }) => {
    const missing = peer.missing?.() ?? null;
    return { id, name: peer.name, sessions, missing, rounds: [], faults: [], server: servers.get(peer) };
  });
  const measurable = results.filter(({ missing }) => missing === null);
  for (const result of measurable) await oneRound(result, { seconds: WARM_UP_SECONDS, around });
  for (let round = 1; round <= options.rounds; round += 1) {
    for (const result of measurable) {
      console.error(`Round ${round} of ${options.rounds}, row ${result.id}`);
      result.rounds.push(await oneRound(result, { seconds: options.seconds, around }));
    }
  }
  return results.map(({ server: _server, ...result }) => result);
}

async function startPeers(peers, around) {
  const servers = new Map();
  for (const peer of peers) {
    if (peer.missing?.()) continue;
    servers.set(peer, await startPeer(peer, around));
  }
  return servers;
}

/** Starts a server and checks that it does its work. */
export async function startPeer(peer, around) {
  around.signal.throwIfAborted();
  const port = await freePort();
  const server = { ...(await peer.start({ ...around, port })), port };
  const { workload = gateWorkload } = peer;
  await workload.warmAndCheck({ ...peer, port }, around).catch((error) => {
    throw new Error(`${error.message}\nIts last output:\n${server.lastOutput()}`, { cause: error });
  });
  return { ...server, peer: { ...peer, port }, workload };
}

/** One measured round; what makes its figures worthless goes to `faults`. */
export async function oneRound({ server, sessions, faults }, { seconds, connections, around }) {
  const { directory, upstreams, signal } = around;
  const sessionsFile = join(directory, `sessions-${sessions}`);
  const values = await server.workload.sessionsFor(server.peer, sessions);
  await writeFile(sessionsFile, values.join('\n'));
  const callsBefore = upstreams.calls();
  const load = { sessionsFile, core: cores.load, seconds, connections, signal };
  const round = await measureRound({ ...server, ...load });
  const calls = upstreams.calls() - callsBefore;
  if (round.refused > 0) faults.push(`${round.refused} answers with a status of 400 or more`);
  if (round.broken > 0) faults.push(`${round.broken} connections failed or answers missing`);
  if (calls > 0) faults.push(`${calls} calls to the origin and the authority in a warm round`);
  return round;
}
