import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startGate } from './gate.mjs';
import { residentKib } from './resident-memory.mjs';

const POLL_MS = 20;
const PATIENCE_MS = 10_000;

/**
 * What a gate holds.
 *
 * @typedef {object} Holdings
 * @property {number} sockets open, of any kind
 * @property {number} handles what keeps its event loop busy: sockets, servers, timers, requests
 * @property {number} heapMib after a collection
 * @property {number} residentMib
 */

/** A gate that can be asked what it holds. */
export async function startProbedGate(name, settings, around) {
  const file = join(around.directory, `${name}-holdings.json`);
  const probe = `${new URL('probe.mjs', import.meta.url)}?${encodeURIComponent(file)}`;
  const gate = await startGate(name, settings, around, ['--expose-gc', '--import', probe]);
  return {
    ...gate,
    /** @returns {Promise<Holdings>} */
    async holdings() {
      rmSync(file, { force: true });
      process.kill(gate.pid, 'SIGUSR2');
      for (let waited = 0; !existsSync(file); waited += POLL_MS) {
        if (waited > PATIENCE_MS) throw new Error('the gate does not say what it holds');
        await delay(POLL_MS);
      }
      const { heapUsed, external, resources } = JSON.parse(readFileSync(file, 'utf8'));
      return {
        sockets: socketsOf(gate.pid),
        handles: Object.values(resources).reduce((sum, count) => sum + count, 0),
        heapMib: (heapUsed + external) / (1024 * 1024),
        residentMib: residentKib(gate.pid) / 1024,
      };
    },
  };
}

function socketsOf(pid) {
  const folder = `/proc/${pid}/fd`;
  return readdirSync(folder).filter((fd) => isSocket(join(folder, fd))).length;
}

function isSocket(path) {
  try {
    return readlinkSync(path).startsWith('socket:');
  } catch {
    return false; // closed meanwhile
  }
}
