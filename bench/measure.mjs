import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { CONNECTIONS } from './workload.mjs';

const LOAD_SCRIPT = fileURLToPath(new URL('load.lua', import.meta.url));
const RESULT_LINE = /^\{"requests":.*\}$/m;
const GRACE_MS = 10_000;

const run = promisify(execFile);

/**
 * @typedef {object} Round
 * @property {number} requests
 * @property {number} requestsPerSecond
 * @property {number} cpuUsPerRequest processor time of the server, user and system
 * @property {number} busy share of its core that the server used; well below 1, the load was the bound
 * @property {number} p50Us
 * @property {number} p99Us
 * @property {number} refused answers with a status of 400 or more
 * @property {number} broken connections that failed and answers that did not come
 */

/**
 * One round of load on one server.
 *
 * @typedef {object} Target
 * @property {number} port
 * @property {number} pid
 * @property {import('./rounds.mjs').Workload} workload
 * @property {string} sessionsFile values of the workload's field, one a line
 * @property {number} core of the load
 * @property {number} seconds
 * @property {number} [connections]
 * @property {AbortSignal} signal
 *
 * @param {Target} target
 * @returns {Promise<Round>}
 */
export async function measureRound(target) {
  const { port, pid, workload, sessionsFile, core, seconds, connections = CONNECTIONS, signal } = target;
  const cpuBefore = processorTimeUs(pid);
  const url = `http://127.0.0.1:${port}${workload.target}`;
  const wrk = ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '-s', LOAD_SCRIPT, url];
  const { stdout } = await run(
    'taskset',
    ['-c', String(core), ...wrk, '--', workload.origin, workload.field, sessionsFile],
    { timeout: seconds * 1000 + GRACE_MS, signal },
  );
  const cpuUs = processorTimeUs(pid) - cpuBefore;
  const { requests, durationUs, ...rest } = JSON.parse(RESULT_LINE.exec(stdout)[0]);
  return {
    requests,
    requestsPerSecond: requests / (durationUs / 1e6),
    cpuUsPerRequest: cpuUs / requests,
    busy: cpuUs / durationUs,
    ...rest,
  };
}

/** Of the process and its children (nginx works in one), in microseconds. */
function processorTimeUs(pid) {
  const own = readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => sum + threadTimeUs(pid, thread), 0);
  return childrenOf(pid).reduce((sum, child) => sum + processorTimeUs(child), own);
}

/** By the scheduler's own count, in nanoseconds: the ticks of `stat` are 10 ms long. */
function threadTimeUs(pid, thread) {
  const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8');
  return Number(text.split(' ', 1)[0]) / 1000;
}

function childrenOf(pid) {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** @param {number[]} values not empty */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** @param {number[]} values not empty @param {number} share 0 to 1: 0.5 is the median, 1 the greatest */
export function quantile(values, share) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length))];
}
