import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, createServer, get, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { samplesOf } from '../support/promtool.ts';
import { type CommandFolder, createCommandFolder, type ServedCommand } from '../support/served-command.ts';
import { makeTlsFiles } from '../support/tls-files.ts';

// SIGHUP, as a service manager sends it, to the built command.

const SOON = { timeout: 15_000 };
const PATIENT = { timeout: 60_000 };

let folder: CommandFolder;
let origin: Server;
let held: ServerResponse[];
let command: ServedCommand;
let url: string;

beforeEach(async () => {
  folder = await createCommandFolder();
  held = [];
  origin = createServer((request, response) => {
    if (request.url === '/held') held.push(response);
    else response.end('hello');
  }).listen(0, '127.0.0.1');
  await once(origin, 'listening');
});
afterEach(async () => {
  await folder.end();
  origin.closeAllConnections();
  origin.close();
});

const adminAddress = () => `unix:${join(folder.path, 'admin.sock')}`;

function settings(more: object, workers: number) {
  const target = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
  return {
    ...{ listen: '127.0.0.1:0', admin_listen: adminAddress(), workers, shutdown_timeout_ms: 5_000 },
    services: { api: { path: '/api', origin: target, ...more } },
  };
}

async function serve(more: object, workers: number): Promise<void> {
  command = await folder.serve(settings(more, workers));
  url = await command.url;
}

async function reload(next: object): Promise<void> {
  await folder.file('cachegate.yaml', stringify(next));
  command.signal('SIGHUP');
}

async function ask(path: string, agent: Agent | false = false) {
  const [response] = await once(get(url + path, { agent }), 'response');
  const text = Buffer.concat(await response.toArray()).toString();
  return { status: response.statusCode as number, text, mark: response.headers.mark as string | undefined };
}

/** Whether the last reload was taken on, as it is measured. */
async function isReloaded(): Promise<number | undefined> {
  const where = { socketPath: join(folder.path, 'admin.sock'), path: '/metrics', agent: false as const };
  const [response] = await once(get(where), 'response');
  const text = Buffer.concat(await response.toArray()).toString();
  return samplesOf(text).get('cachegate_config_last_reload_successful');
}

const marked = (mark: string) => ({ response_headers: { Mark: mark }, cache: 'off' });

describe.each([1, 2])('a reload of %i process(es)', (workers) => {
  it('takes on a good configuration and drops nothing', PATIENT, async () => {
    await serve(marked('old'), workers);
    // Over connections that stay open, without a pause.
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const marks = new Set<string | undefined>();
    const statuses = new Set<number>();
    let isAsking = true;
    const askers = Array.from({ length: 8 }, async () => {
      while (isAsking) {
        const { status, mark } = await ask('/api', agent);
        statuses.add(status);
        marks.add(mark);
      }
    });
    const slow = ask('/api/held');
    await expect.poll(() => held.length, SOON).toBe(1);
    await reload(settings(marked('new'), workers));
    await expect.poll(async () => (await ask('/api')).mark, SOON).toBe('new');
    // It was under way, and ends as it began.
    held[0]!.end('at last');
    expect(await slow).toEqual({ status: 200, text: 'at last', mark: 'old' });
    isAsking = false;
    await Promise.all(askers);
    agent.destroy();
    expect([...statuses]).toEqual([200]);
    expect(marks).toEqual(new Set(['old', 'new']));
    command.signal('SIGTERM');
    expect(await command.ended).toEqual({ how: 0, errors: '' });
  });

  it('refuses a bad one, naming the fault, and goes on', PATIENT, async () => {
    await serve(marked('old'), workers);
    expect(await isReloaded()).toBe(1);
    await reload({ ...settings({}, workers), services: { api: { path: '/api', orign: 'x' } } });
    await expect.poll(() => command.logged('Reload refused').length, SOON).toBe(1);
    expect(await isReloaded()).toBe(0);
    await reload({ ...settings(marked('new'), workers), store: 'none:' });
    await expect.poll(() => command.logged('Reload refused').length, SOON).toBe(2);
    const [first, second] = command.logged('Reload refused');
    expect(first!.msg).toContain('services.api.orign: unknown key, did you mean origin?');
    expect(second!.msg).toContain('store: found another value than is in force');
    expect(await ask('/api')).toEqual({ status: 200, text: 'hello', mark: 'old' });
    // And takes the next good one.
    await reload(settings(marked('new'), workers));
    await expect.poll(async () => (await ask('/api')).mark, SOON).toBe('new');
    await expect.poll(() => command.logged('Reloaded the configuration').length, SOON).toBe(1);
    await expect.poll(isReloaded, SOON).toBe(1);
  });

  it('refuses a certificate that can’t be used, and goes on with the one in force', PATIENT, async () => {
    const files = await makeTlsFiles();
    try {
      const tls = { cert_file: files.certFile, key_file: files.keyFile };
      const withTls = (mark: string, more: object) => ({
        ...settings(marked(mark), workers),
        tls: { ...tls, ...more },
      });
      command = await folder.serve(withTls('old', {}));
      url = await command.url;
      const before = await certificate();
      await reload(withTls('new', { key_file: files.clientKeyFile }));
      await expect.poll(() => command.logged('Reload refused').length, SOON).toBe(1);
      expect(command.logged('Reload refused')[0]!.msg).toContain('tls: ');
      expect(await certificate()).toBe(before);
      await reload(withTls('new', { cert_file: files.clientCertFile, key_file: files.clientKeyFile }));
      await expect.poll(certificate, SOON).not.toBe(before);
      expect(command.logged('Worker').length + command.logged('A worker goes on').length).toBe(0);
    } finally {
      await files.remove();
    }
  });
});

it('reaches a worker that is being replaced', PATIENT, async () => {
  await serve(marked('old'), 2);
  for (const mark of ['one', 'two', 'three']) {
    const before = command.logged('Worker').filter(({ msg }) => msg.endsWith('serves again')).length;
    process.kill(workersOf(command.pid)[0]!, 'SIGKILL');
    // Its successor has been given what is in force, and does not serve yet.
    await expect.poll(() => workersOf(command.pid).length, { ...SOON, interval: 5 }).toBe(2);
    await reload(settings(marked(mark), 2));
    await expect
      .poll(() => command.logged('Worker').filter(({ msg }) => msg.endsWith('serves again')).length, SOON)
      .toBe(before + 1);
    await expect.poll(() => command.logged('Reloaded').length, SOON).toBeGreaterThan(0);
    const marks = async () => new Set(await Promise.all(Array.from({ length: 8 }, marking)));
    await expect.poll(marks, SOON).toEqual(new Set([mark]));
  }
  expect(command.logged('A worker goes on')).toEqual([]);
});

it('names the one worker that goes on with what it had, and measures it', PATIENT, async () => {
  const marker = JSON.stringify(join(folder.path, 'marker'));
  const lines = [
    `import cluster from 'node:cluster';`,
    `import { existsSync } from 'node:fs';`,
    `if (cluster.worker?.id === 2 && existsSync(${marker})) throw new Error('not in this one');`,
    `export default ${JSON.stringify(settings({}, 2))};`,
  ];
  command = await folder.serve(await folder.file('cachegate.mjs', lines.join('\n')));
  await command.url;
  expect(await isReloaded()).toBe(1);
  await folder.file('marker', '');
  command.signal('SIGHUP');
  await expect.poll(() => command.logged('Reloaded the configuration').length, SOON).toBe(1);
  expect(command.logged('A worker goes on')).toMatchObject([{ worker: 2 }]);
  expect(await isReloaded()).toBe(0);
});

const marking = async () => (await ask('/api')).mark;

function workersOf(primary: number): number[] {
  const children = readFileSync(`/proc/${primary}/task/${primary}/children`, 'utf8');
  return children.trim().split(' ').filter(Boolean).map(Number);
}

/** The one that a new connection is shown. */
async function certificate(): Promise<string> {
  const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  const { fingerprint256 } = socket.getPeerCertificate();
  socket.destroy();
  return fingerprint256;
}
