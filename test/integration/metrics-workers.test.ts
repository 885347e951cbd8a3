import { once } from 'node:events';
import { createServer, get, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { faultsOfMetrics, samplesOf } from '../support/promtool.ts';
import { type CommandFolder, createCommandFolder, type ServedCommand } from '../support/served-command.ts';

// What the primary of several processes tells: the sum of all, which falls with none of them.

// Each test starts several processes, on a machine that may have other work.
const PATIENT = { timeout: 60_000 };
const SOON = { timeout: 15_000 };
const WHO = 'export default { async response() { return { status: 200, body: String(process.pid) }; } };';
const ASKED = 20;

let folder: CommandFolder;
let origin: Server;
let command: ServedCommand;
let url: string;
beforeEach(async () => {
  folder = await createCommandFolder();
  await folder.file('who.mjs', WHO);
  origin = createServer((_request, response) => {
    response.setHeader('Cache-Control', 'max-age=60').end('body');
  }).listen(0, '127.0.0.1');
  await once(origin, 'listening');
  const target = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  command = await folder.serve({
    listen: '127.0.0.1:0',
    admin_listen: `unix:${join(folder.path, 'admin.sock')}`,
    workers: 2,
    services: {
      who: { path: '/who', origin: target, cache: 'off', transform: './who.mjs' },
      api: { path: '/api', origin: target },
    },
  });
  url = await command.url;
});
afterEach(async () => {
  await folder.end();
  origin.closeAllConnections();
  origin.close();
});

/** Over a connection of its own, so that any process may answer. */
async function ask(path: string, socketPath?: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const where = socketPath === undefined ? { hostname, port } : { socketPath };
  const [response] = await once(get({ ...where, path, agent: false }), 'response');
  return Buffer.concat(await response.toArray()).toString();
}

const metrics = async () => samplesOf(await ask('/metrics', join(folder.path, 'admin.sock')));

/** All requests to a service, whichever process answered and whatever came of them. */
function requestsOf(service: string, samples: ReadonlyMap<string, number>): number {
  const series = `cachegate_requests_total{service="${service}"`;
  return [...samples].reduce((sum, [name, value]) => sum + (name.startsWith(series) ? value : 0), 0);
}

it('is what all have counted, and goes on from there when one is killed', PATIENT, async () => {
  for (let i = 0; i < ASKED; i++) await ask('/api/a');
  const pids = new Set<string>();
  await expect.poll(async () => pids.add(await ask('/who')).size, SOON).toBe(2);
  const text = await ask('/metrics', join(folder.path, 'admin.sock'));
  expect(await faultsOfMetrics(text)).toBe('');
  const before = samplesOf(text);
  expect(requestsOf('api', before)).toBe(ASKED);
  const lookups = 'cachegate_lookup_duration_seconds_count{service="api"}';
  expect(before.get(lookups)).toBe(ASKED);
  // Each of them tells of one store and one version.
  expect(before.get('cachegate_store_state{state="available"}')).toBe(1);
  expect([...before].filter(([name]) => name.startsWith('cachegate_build_info'))).toEqual([
    [expect.any(String), 1],
  ]);
  const [first] = pids;
  process.kill(Number(first), 'SIGKILL');
  const told = [ASKED];
  while (command.logged('Worker ').length < 2) told.push(requestsOf('api', await metrics()));
  await ask('/api/a');
  await expect.poll(async () => requestsOf('api', await metrics()), SOON).toBe(ASKED + 1);
  expect(told).toEqual(told.map(() => ASKED));
  expect((await metrics()).get(lookups)).toBe(ASKED + 1);
});
