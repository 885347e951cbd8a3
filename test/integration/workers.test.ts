import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { Agent, createServer, get, type RequestListener, type Server } from 'node:http';
import { get as getTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CommandFolder, createCommandFolder, type ServedCommand } from '../support/served-command.ts';
import { makeTlsFiles } from '../support/tls-files.ts';

// The built command with several processes, as an operator runs it.

const SOON = { timeout: 15_000 };
// Each test starts several processes, on a machine that may have other work.
const PATIENT = { timeout: 60_000 };
/** A transform whose answer is the process that made it. */
const WHO = 'export default { async response() { return { status: 200, body: String(process.pid) }; } };';

let folder: CommandFolder;
let origin: Server;
let answer: RequestListener;
let asked: string[];
let command: ServedCommand;
let url: string;

beforeEach(async () => {
  folder = await createCommandFolder();
  await folder.file('who.mjs', WHO);
  asked = [];
  answer = (_request, response) => void response.end('hello');
  origin = createServer((request, response) => {
    asked.push(request.url!);
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(origin, 'listening');
});
afterEach(async () => {
  await folder.end();
  origin.closeAllConnections();
  origin.close();
});

/** Two workers; `/who` answers with the one that was asked, `/api` with what the origin says. */
function settings(more: object = {}) {
  const target = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  return {
    listen: '127.0.0.1:0',
    admin_listen: `unix:${join(folder.path, 'admin.sock')}`,
    store: 'none:',
    workers: 2,
    services: {
      who: { path: '/who', origin: target, cache: 'off', transform: './who.mjs' },
      api: { path: '/api', origin: target },
    },
    ...more,
  };
}

async function serve(more: object = {}, args: readonly string[] = []): Promise<void> {
  command = await folder.serve(settings(more), args);
  url = await command.url;
}

interface Got {
  readonly status: number;
  readonly text: string;
  readonly cacheStatus: string | undefined;
}

/** Asks over a connection of its own, or over `agent`'s. */
async function ask(path: string, options: { agent?: Agent; socketPath?: string } = {}): Promise<Got> {
  const { hostname, port } = new URL(url);
  const where = options.socketPath === undefined ? { hostname, port } : {};
  const [response] = await once(get({ ...where, path, agent: false, ...options }), 'response');
  const text = Buffer.concat(await response.toArray()).toString();
  return { status: response.statusCode, text, cacheStatus: response.headers['cache-status'] };
}

async function admin(path: string) {
  const { status, text } = await ask(path, { socketPath: join(folder.path, 'admin.sock') });
  return [status, JSON.parse(text)];
}

/** Asks until so many processes have answered. */
async function processes(count: number): Promise<number[]> {
  const pids = new Set<number>();
  await expect.poll(async () => pids.add(Number((await ask('/who')).text)).size, SOON).toBe(count);
  return [...pids];
}

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('several workers', PATIENT, () => {
  it('all answer; the primary tells of them as of one server', async () => {
    await serve();
    const pids = await processes(2);
    expect(pids).not.toContain(command.pid);
    expect(command.logged('Listening on')).toMatchObject([{ pid: command.pid, url, workers: 2 }]);
    expect(command.logged('Without a store')).toHaveLength(1);
    // What a worker logs says which one it is.
    expect(
      command
        .logged('No store')
        .map(({ worker }) => worker)
        .sort(),
    ).toEqual([1, 2]);
    const store = { type: 'none', state: 'none' };
    expect(await admin('/healthz')).toEqual([200, { status: 'ok' }]);
    const workers = { ready: 2, configured: 2 };
    expect(await admin('/readyz')).toEqual([200, { status: 'ready', store, workers }]);
  });

  it('go on when one is killed, and another takes its place', async () => {
    await serve();
    const [killed] = await processes(2);
    process.kill(killed!, 'SIGKILL');
    await expect.poll(() => command.logged('Worker ').length, SOON).toBeGreaterThan(0);
    while (command.logged('Worker ').length < 2) expect((await ask('/who')).status).toBe(200);
    const { worker } = command.logged('Worker ')[0]!;
    expect(command.logged('Worker ')).toMatchObject([
      { level: 50, pid: killed, worker, msg: `Worker ${worker} ended (SIGKILL); another follows` },
      { level: 30, url, worker, msg: `Worker ${worker} serves again` },
    ]);
    expect(await processes(2)).not.toContain(killed);
    expect(await admin('/readyz')).toMatchObject([200, { workers: { ready: 2 } }]);
  });

  it('serve again after all were killed', async () => {
    await serve({ listen: `unix:${join(folder.path, 'gate.sock')}` });
    const socketPath = join(folder.path, 'gate.sock');
    const pids = new Set<number>();
    const who = async () => pids.add(Number((await ask('/who', { socketPath })).text)).size;
    await expect.poll(who, SOON).toBe(2);
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await expect.poll(async () => (await admin('/readyz'))[1].workers.ready, SOON).toBe(2);
    await expect.poll(who, SOON).toBe(4);
  });

  it('finish what is under way at a stop, take no more, and exit with 0', async () => {
    await serve();
    const finish: (() => void)[] = [];
    answer = (_request, response) => void finish.push(() => response.end('done'));
    const underWay = Array.from({ length: 6 }, (_, index) => ask(`/api/${index}`));
    await expect.poll(() => finish.length, SOON).toBe(6);
    // As a terminal does: to all of them.
    for (const { pid } of command.logged('No store')) process.kill(Number(pid), 'SIGINT');
    command.signal('SIGINT');
    await expect.poll(() => command.logged('Stopping').length, SOON).toBe(1);
    expect(await admin('/readyz')).toMatchObject([503, { status: 'not ready' }]);
    await expect.poll(() => ask('/api/late').catch(() => 'refused'), SOON).toBe('refused');
    for (const end of finish) end();
    expect((await Promise.all(underWay)).map(({ text }) => text)).toEqual(Array(6).fill('done'));
    expect(await command.ended).toEqual({ how: 0, errors: '' });
    expect(command.log.at(-1)).toMatchObject({ msg: 'Stopped' });
    expect(command.logged('Worker ')).toEqual([]);
  });

  it('are cut off at the deadline, and killed when they do not even hear of the stop', async () => {
    await serve({ shutdown_timeout_ms: 100, store_timeout_ms: 10 });
    answer = () => {};
    const hanging = [ask('/api/1'), ask('/api/2')].map((request) => request.catch(() => 'cut off'));
    await expect.poll(() => asked.length, SOON).toBe(2);
    process.kill(Number(command.logged('No store')[0]!.pid), 'SIGSTOP');
    command.signal('SIGTERM');
    expect(await command.ended).toEqual({ how: 0, errors: '' });
    expect(await Promise.all(hanging)).toEqual(['cut off', 'cut off']);
    expect(command.log.at(-1)?.msg).toBe('Stopped; some requests were cut off at the deadline');
  });

  it('run the code of a configuration in code, as it was set at the start', async () => {
    const config = JSON.stringify(settings());
    await folder.file(
      'cachegate.mjs',
      `const config = ${config};
       const response = async () => ({ status: 200, body: String(process.pid) });
       config.services.who.transform = { response, options: { inCode: () => {} } };
       export default config;`,
    );
    command = await folder.serve('cachegate.mjs', ['--workers', '3']);
    url = await command.url;
    const pids = await processes(3);
    expect(pids).toHaveLength(3);
    // They end with the primary.
    command.signal('SIGKILL');
    await expect.poll(() => pids.filter(lives), SOON).toEqual([]);
  });

  it('share an address with TLS', async () => {
    const files = await makeTlsFiles();
    await serve({ tls: { cert_file: files.certFile, key_file: files.keyFile } });
    const ca = await readFile(files.caFile);
    await files.remove();
    expect(url).toMatch(/^https:/);
    const pids = new Set<string>();
    const who = async () => {
      const [response] = await once(getTls(`${url}/who`, { agent: false, ca }), 'response');
      return pids.add(Buffer.concat(await response.toArray()).toString()).size;
    };
    await expect.poll(who, SOON).toBe(2);
  });

  it('share the store memory:, which is gone with them', async () => {
    answer = (_request, response) => void response.setHeader('Cache-Control', 'max-age=60').end('hello');
    await serve({ store: 'memory:' });
    const { folder: shared } = command.logged('The workers share')[0]!;
    expect(existsSync(String(shared))).toBe(true);
    const pids = await processes(2);
    const answered = new Map<string, Got>();
    expect((await ask('/api/shared')).cacheStatus).toContain('fwd=uri-miss');
    await expect.poll(async () => (await ask('/api/shared')).cacheStatus, SOON).toMatch(/; hit/);
    // A connection stays with one worker, which `/who` tells.
    while (answered.size < pids.length) {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const { text: pid } = await ask('/who', { agent });
      answered.set(pid, await ask('/api/shared', { agent }));
      agent.destroy();
    }
    for (const got of answered.values())
      expect(got).toMatchObject({ text: 'hello', cacheStatus: expect.stringMatching(/; hit/) });
    expect(asked.filter((path) => path.includes('shared'))).toHaveLength(1);
    command.signal('SIGTERM');
    expect(await command.ended).toEqual({ how: 0, errors: '' });
    expect(existsSync(String(shared))).toBe(false);
  });
});

describe('workers that can not start', PATIENT, () => {
  it('are one error, the same as of a single process', async () => {
    const { port } = origin.address() as AddressInfo;
    const errors = [];
    for (const count of ['1', '3']) {
      const taken = await folder.serve(settings(), ['--listen', `127.0.0.1:${port}`, '--workers', count]);
      errors.push(await taken.ended);
    }
    expect(errors[0]).toMatchObject({
      how: 1,
      errors: expect.stringMatching(/^cachegate: cannot listen on .*\n$/),
    });
    expect(errors[1]).toEqual(errors[0]);
    const tls = { cert_file: './who.mjs', key_file: './who.mjs' };
    const bad = await folder.serve(settings({ tls }));
    expect(await bad.ended).toMatchObject({
      how: 2,
      errors: expect.stringMatching(/^cachegate: tls: .*\n$/),
    });
  });

  it('any more leave their work to the others', async () => {
    await serve();
    const pids = await processes(2);
    await rm(join(folder.path, 'who.mjs'));
    process.kill(pids[0]!, 'SIGKILL');
    await expect.poll(() => command.logged('Worker ').length, SOON).toBeGreaterThanOrEqual(2);
    expect(command.logged('Worker ')[1]).toMatchObject({
      level: 50,
      msg: expect.stringMatching(/could not start$/),
    });
    expect(await admin('/readyz')).toMatchObject([200, { workers: { ready: 1, configured: 2 } }]);
    expect((await ask('/api')).status).toBe(200);
  });

  it('any more, none of them, end the primary', async () => {
    await serve();
    const pids = await processes(2);
    await rm(join(folder.path, 'who.mjs'));
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    const { how, errors } = await command.ended;
    expect(how).toBe(1);
    expect(errors).toMatch(
      /^cachegate: no worker is left, and none can be started: services\.who\.transform.*: found "[^"]*who.mjs", which cannot be read.*\n$/,
    );
    expect(existsSync(join(folder.path, 'admin.sock'))).toBe(false);
  });
});
