import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { warmAndCheck } from './checks.mjs';
import { measureRound } from './measure.mjs';
import { freePort } from './processes.mjs';
import { cores } from './tools.mjs';
import { sessionIds } from './workload.mjs';

export const WARM_UP_SECONDS = 2;

/**
 * @typedef {object} Around what stands around the servers
 * @property {string} directory for files of the run
 * @property {ReturnType<typeof import('./processes.mjs').createProcesses>} processes
 * @property {import('./upstreams.mjs').Upstreams} upstreams
 * @property {import('./store-server.mjs').StoreServer} store
 * @property {AbortSignal} signal
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
  await warmAndCheck({ ...peer, port }, around).catch((error) => {
    throw new Error(`${error.message}\nIts last output:\n${server.lastOutput()}`, { cause: error });
  });
  return server;
}

/** One measured round; what makes its figures worthless goes to `faults`. */
export async function oneRound({ server, sessions, faults }, { seconds, around }) {
  const { directory, upstreams, signal } = around;
  const sessionsFile = join(directory, `sessions-${sessions}`);
  await writeFile(sessionsFile, sessionIds.slice(0, sessions).join('\n'));
  const callsBefore = upstreams.calls();
  const round = await measureRound({ ...server, sessionsFile, core: cores.load, seconds, signal });
  const calls = upstreams.calls() - callsBefore;
  if (round.refused > 0) faults.push(`${round.refused} answers with a status of 400 or more`);
  if (round.broken > 0) faults.push(`${round.broken} connections failed or answers missing`);
  if (calls > 0) faults.push(`${calls} calls to the origin and the authority in a warm round`);
  return round;
}
