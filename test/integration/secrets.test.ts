import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  SAMPLE_TABLE,
  startAirtableOrigin,
} from '../../examples/wagtail-airtable/sample/airtable-origin.mjs';
import { SAMPLE_SESSION, startAuthority } from '../../examples/wagtail-airtable/sample/authority.mjs';
import { EXTENSION } from '../support/gate.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

// The whole program as an operator runs it; everything that it says is searched for the secrets it was given.

const MAIN = resolve(import.meta.dirname, '../../dist/cli/main.js');
const CONFIG = resolve(import.meta.dirname, '../../examples/wagtail-airtable/cachegate.yaml');

let authority: Awaited<ReturnType<typeof startAuthority>>;
let origin: Awaited<ReturnType<typeof startAirtableOrigin>>;
let valkey: ValkeyServer;
let child: ChildProcess;
let output = '';

beforeEach(async () => {
  authority = await startAuthority({ delayMs: 0 });
  origin = await startAirtableOrigin({ delayMs: 0 });
  valkey = await startValkeyServer({ args: ['--requirepass', 'store-password-0123'] });
  const url = valkey.url.replace('redis://', 'redis://:store-password-0123@');
  const args = [
    MAIN,
    'serve',
    '--config',
    CONFIG,
    '--listen',
    '127.0.0.1:0',
    '--origin',
    `airtable=${origin.url}`,
  ];
  child = spawn(process.execPath, args, {
    env: {
      ...process.env,
      CACHE_URL: url,
      WAGTAIL_API_URL: authority.apiUrl,
      AIRTABLE_API_KEY: SAMPLE_TABLE.apiKey,
      AIRTABLE_BASE_ID: SAMPLE_TABLE.baseId,
      AIRTABLE_TABLE_NAME: SAMPLE_TABLE.tableName,
      SESSION_CACHE_TTL: '60',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk) => (output += String(chunk)));
});
afterEach(async () => {
  if (child.exitCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await Promise.all([authority.close(), origin.close(), valkey.stop()]);
});

describe('a run of the program', () => {
  it('never says a secret, whatever goes wrong, and stops gracefully', async () => {
    await expect.poll(() => /"url":"(http:[^"]+)"/.exec(output)?.[1], { timeout: 10_000 }).toBeDefined();
    const url = /"url":"(http:[^"]+)"/.exec(output)![1]!;
    const said: string[] = [];
    const ask = async (session: string, path = '/api/airtable-proxy?pagePath=/parking/resident-permits') => {
      const response = await fetch(url + path, {
        headers: { Origin: EXTENSION, 'X-Wagtail-Session': session },
      });
      said.push(JSON.stringify([...response.headers]), await response.text());
      return response.status;
    };
    const unknown = 'unknown-session-0123456789';
    expect(await ask(SAMPLE_SESSION)).toBe(200);
    expect(await ask(SAMPLE_SESSION)).toBe(200);
    expect(await ask(unknown)).toBe(401);
    expect(await ask(SAMPLE_SESSION, '/api/airtable-proxy')).toBe(400);
    authority.behaviour.fault = 500;
    expect(await ask(`${unknown}-2`)).toBe(401);
    authority.behaviour.fault = null;
    origin.behaviour.fault = 401;
    expect(await ask(SAMPLE_SESSION, '/api/airtable-proxy?pagePath=/other')).toBe(502);
    origin.behaviour.fault = 'garbage';
    expect(await ask(SAMPLE_SESSION, '/api/airtable-proxy?pagePath=/other')).toBe(502);
    await valkey.kill();
    origin.behaviour.fault = null;
    expect(await ask(SAMPLE_SESSION)).toBe(200);
    for (let i = 0; i < 10; i++) await ask(SAMPLE_SESSION);
    expect(said.join()).toContain('Too many requests');

    child.kill('SIGTERM');
    const [code] = (await once(child, 'exit')) as [number];
    expect(code).toBe(0);

    const everything = output + said.join('\n');
    expect(everything).toContain(`session:${SAMPLE_SESSION.slice(0, 8)} `);
    for (const secret of [SAMPLE_SESSION, unknown, SAMPLE_TABLE.apiKey, 'store-password-0123']) {
      expect(everything.includes(secret), `the output holds ${secret.slice(0, 8)}…`).toBe(false);
    }
  });
});
