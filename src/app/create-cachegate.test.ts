import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../config/fault.ts';
import { createLog } from '../observe/log.ts';
import type { PartsRequest } from './cachegate.ts';
import { type CachegateOptions, type CachegateSetup, createCachegate } from './create-cachegate.ts';

const SECRET = 's'.repeat(32);
const FROM_NOBODY = { cookie: undefined, origin: undefined, fetchSite: undefined, host: 'localhost' };
const request: PartsRequest = { method: 'GET', peer: '192.0.2.1', field: () => undefined };

async function start(
  options: CachegateOptions = {},
  env: NodeJS.ProcessEnv = {},
  setup: CachegateSetup = {},
) {
  const records: { level: number; msg: string }[] = [];
  const destination = { write: (line: string) => void records.push(JSON.parse(line) as never) };
  const log = createLog({ level: 'aggregate', destination });
  const cachegate = await createCachegate(options, { ...setup, env, log });
  return { cachegate, log, lines: () => records.map(({ level, msg }) => `${level} ${msg}`) };
}

describe('the parts of an application with nothing configured', () => {
  it('are a cache in memory, and say so', async () => {
    const { cachegate, log, lines } = await start();
    expect(cachegate.sessions).toBeNull();
    expect(cachegate.log).toBe(log);
    await cachegate.cache.set('a', [1], { ttlSeconds: 60 });
    expect(await cachegate.cache.get('a')).toEqual([1]);
    expect(cachegate.limit(request)).toEqual({ admitted: true, fields: [], identity: null });
    expect(cachegate.gate(request)).toMatchObject({ admitted: false, status: 401 });
    await cachegate.forgetGate(request);
    await cachegate.close();
    expect(lines()).toEqual([
      '40 No store is configured: what is cached is kept in memory and ends with the process',
      '30 Closed the store at memory:',
    ]);
  });

  it('keep sessions in memory, signed with a secret of their own, and say so', async () => {
    const { cachegate, lines } = await start({ sessions: {} });
    const first = await cachegate.sessions!.open({ ...FROM_NOBODY, method: 'POST' });
    await first.session.login('ada');
    const [cookie] = await first.commit();
    const again = await cachegate.sessions!.open({
      ...{ ...FROM_NOBODY, method: 'GET', cookie: cookie!.split(';')[0] },
    });
    expect(again.session.user).toBe('ada');
    await cachegate.close();
    expect(lines().slice(0, 2)).toEqual([
      '40 No secret of sessions is configured: a random one is made, and sessions end with the process',
      '40 No store is configured: sessions are kept in memory and end with the process',
    ]);
  });
});

describe('the parts of an application', () => {
  it('greet a store that is named, and take no warning for it', async () => {
    const { cachegate, lines } = await start({ sessions: { secrets: [SECRET] } }, { CACHE_URL: 'memory:' });
    await cachegate.close();
    expect(lines()).toEqual(['30 Connected to the store at memory:', '30 Closed the store at memory:']);
  });

  it('close once', async () => {
    const { cachegate, lines } = await start();
    await Promise.all([cachegate.close(), cachegate.close()]);
    await cachegate.close();
    expect(lines().filter((line) => line.includes('Closed'))).toHaveLength(1);
  });

  it('do not start with what is wrong, and tell all of it', async () => {
    const wrong = { sessions: {}, rate_limit: { limit: 0 } };
    const error = await start(wrong, { NODE_ENV: 'production', CACHE_URL: 'mysql://a' }).catch((e) => e);
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.faults.map(({ path }: { path: string }) => path)).toEqual([
      'store',
      'rate_limit.limit',
      'sessions.secrets',
    ]);
  });

  it('count each address within its limit', async () => {
    const { cachegate } = await start({ rate_limit: { limit: 1 } });
    expect(await cachegate.limit(request)).toMatchObject({ admitted: true });
    expect(await cachegate.limit(request)).toMatchObject({ status: 429 });
    await cachegate.close();
  });

  it('measure sessions in the registry of the application, unless that is off', async () => {
    for (const [METRICS_ENABLED, count] of [
      ['true', 1],
      ['false', 0],
    ] as const) {
      const registry = new Registry();
      const { cachegate } = await start({ sessions: {} }, { METRICS_ENABLED }, { registry });
      await cachegate.close();
      expect((await registry.metrics()).match(/^cachegate_sessions_degraded 0$/gm) ?? []).toHaveLength(count);
    }
  });

  it('keep the sessions of other middlewares', async () => {
    const { cachegate } = await start();
    const sessions = cachegate.middlewareSessions({ kind: 'express' });
    const cookie = { originalMaxAge: 60_000, path: '/' };
    await sessions.set('id', { cookie, n: 1 } as never);
    expect(await sessions.get('id')).toMatchObject({ n: 1 });
    await cachegate.close();
  });
});
