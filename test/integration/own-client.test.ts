import { Redis as IoRedis } from 'ioredis';
import { Redis } from 'iovalkey';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load-config.ts';
import { createLog } from '../../src/observe/log.ts';
import { type RunningServer, startServer, type ValkeyClient } from '../../src/server.ts';
import { type RecordingOrigin, startRecordingOrigin } from '../support/recording-origin.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

let valkey: ValkeyServer;
let origin: RecordingOrigin;
beforeEach(async () => {
  valkey = await startValkeyServer();
  origin = await startRecordingOrigin('Cache-Control: max-age=600\r\n');
});
afterEach(async () => {
  await origin.close();
  await valkey.stop();
});

async function start(store: string, valkeyClient: ValkeyClient): Promise<RunningServer> {
  const overrides = { listen: '127.0.0.1:0', store, origins: { default: origin.url } };
  const config = await loadConfig({ cwd: '/', env: {}, overrides });
  const log = createLog({ level: 'minimal', destination: { write: () => {} } });
  return startServer({ ...config, admin_listen: 'off' }, { env: {}, log, valkeyClient });
}

async function statusOf(server: RunningServer): Promise<string> {
  const response = await fetch(`${server.url}/page`);
  await response.text();
  return response.headers.get('cache-status') ?? '';
}

describe.each([
  ['ioredis', (url: string) => new IoRedis(url)],
  ['iovalkey', (url: string) => new Redis(url)],
])("an application's own client of %s", (_, connect) => {
  it('is what the server stores with, and stays connected after it', async () => {
    const client = connect(valkey.url);
    await client.ping();
    const server = await start(valkey.url, client as unknown as ValkeyClient);
    await statusOf(server);
    await expect.poll(() => statusOf(server)).toContain('hit');
    expect(await client.keys('response:*')).toHaveLength(1);
    expect(await server.purge({ url: '/page', wait: true })).toEqual({ purged: 1 });
    expect(await statusOf(server)).not.toContain('hit');
    await server.close(1_000);
    expect(await client.ping()).toBe('PONG');
    client.disconnect();
  });
});

it("refuses an own client beside a store that is no server's", async () => {
  const client = new Redis(valkey.url);
  await expect(start('memory:', client)).rejects.toMatchObject({ code: 'ERR_CONFIG_INVALID' });
  client.disconnect();
});
