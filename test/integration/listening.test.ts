import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { get as getTls } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startProxy } from '../support/proxy.ts';
import { startValkeyServer } from '../support/valkey-server.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cachegate-listening-'));
});
afterEach(() => rm(folder, { recursive: true }));

const hello = startProxy.bind(null, (_request, response) => response.end('hello'));

describe('the server listens', () => {
  it('with TLS', async () => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }]);
    const tls = { cert_file: join(folder, 'cert.pem'), key_file: join(folder, 'key.pem') };
    await Promise.all([writeFile(tls.cert_file, cert), writeFile(tls.key_file, key)]);
    const proxy = await hello((config) => ({ ...config, tls }));
    expect(proxy.url).toMatch(/^https:/);
    const request = getTls(proxy.url, {
      ca: cert,
      servername: 'localhost',
      checkServerIdentity: () => undefined,
    });
    const [response] = await once(request, 'response');
    expect(Buffer.concat(await response.toArray()).toString()).toBe('hello');
    await proxy.close();
  });

  it('with TLS, and says what is wrong with a certificate', async () => {
    const tls = { cert_file: join(folder, 'cert.pem'), key_file: join(folder, 'key.pem') };
    await Promise.all([writeFile(tls.cert_file, 'no certificate'), writeFile(tls.key_file, 'no key')]);
    await expect(hello((config) => ({ ...config, tls }))).rejects.toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      message: expect.stringMatching(/^tls: /),
    });
  });

  it('on a Unix socket, and again where a crash left one behind', async () => {
    const path = join(folder, 'gate.sock');
    const listens = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('listens'))`;
    const crashing = spawn(process.execPath, ['-e', listens], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(crashing.stdout, 'data');
    crashing.kill('SIGKILL');
    await once(crashing, 'exit');
    expect(existsSync(path)).toBe(true);
    const proxy = await hello((config) => ({ ...config, listen: { kind: 'unix', path } }));
    const [response] = await once(get({ socketPath: path, path: '/' }), 'response');
    expect(Buffer.concat(await response.toArray()).toString()).toBe('hello');
    await proxy.close();
  });
});

it('a file that is no socket stays as it is', async () => {
  const path = join(folder, 'notes.txt');
  await writeFile(path, 'not to be lost');
  await expect(hello((config) => ({ ...config, listen: { kind: 'unix', path } }))).rejects.toMatchObject({
    code: 'ERR_SERVER_LISTEN',
  });
  expect(await readFile(path, 'utf8')).toBe('not to be lost');
});

describe('the admin side', () => {
  const withAdmin = (store?: string) =>
    hello((config) => ({
      ...config,
      admin_listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
      ...(store !== undefined && { store }),
    }));
  const ask = async (url: string | null, path: string) => {
    const response = await fetch(url! + path);
    return [response.status, await response.json()];
  };

  it('says that the process lives and can serve', async () => {
    const proxy = await withAdmin();
    expect(await ask(proxy.server.adminUrl, '/healthz')).toEqual([200, { status: 'ok' }]);
    const ready = { status: 'ready', store: { type: 'memory', state: 'available' } };
    expect(await ask(proxy.server.adminUrl, '/readyz')).toEqual([200, ready]);
    await proxy.close();
  });

  it('is ready with the store away, and says so', async () => {
    const valkey = await startValkeyServer();
    await valkey.kill();
    const proxy = await withAdmin(valkey.url);
    const ready = { status: 'ready', store: { type: 'redis', state: 'away' } };
    expect(await ask(proxy.server.adminUrl, '/readyz')).toEqual([200, ready]);
    await proxy.close();
    await valkey.stop();
  });
});

describe('a stop', () => {
  it('lets requests under way finish, takes no more, and is not ready meanwhile', async () => {
    let goOn = () => {};
    const proxy = await startProxy(
      (_request, response) => {
        goOn = () => response.end('done');
      },
      (config) => ({ ...config, admin_listen: { kind: 'tcp', host: '127.0.0.1', port: 0 } }),
    );
    const underWay = proxy.get('/slow');
    await expect.poll(() => proxy.asked.length).toBe(1);
    const stopped = proxy.server.close(10_000);
    expect((await fetch(`${proxy.server.adminUrl}/readyz`)).status).toBe(503);
    await expect(proxy.get('/late')).rejects.toThrow();
    goOn();
    expect(await (await underWay).text()).toBe('done');
    expect(await stopped).toBe(true);
    await proxy.close();
  });

  it('cuts off what has not finished at the deadline', async () => {
    const proxy = await startProxy(() => {});
    const hanging = proxy.get('/hangs').catch(() => 'cut off');
    await expect.poll(() => proxy.asked.length).toBe(1);
    expect(await proxy.server.close(50)).toBe(false);
    expect(await hanging).toBe('cut off');
    await proxy.close();
  });

  it('is not held up by a connection that sends nothing', async () => {
    const proxy = await startProxy((_request, response) => response.end('x'));
    const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1');
    await once(socket, 'connect');
    expect(await proxy.server.close(10_000)).toBe(true);
    socket.destroy();
    await proxy.close();
  });
});
