import { Redis } from 'iovalkey';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Gate, SAMPLE_SESSION, startGate } from '../support/gate.ts';
import { startValkeyServer, type ValkeyServer } from '../support/valkey-server.ts';

// Web origin, rate limit, session, response: proven by who was asked and by what was left behind.

let gate: Gate;
let valkey: ValkeyServer;
let client: Redis;

beforeEach(async () => {
  valkey = await startValkeyServer();
  client = new Redis(valkey.url);
  gate = await startGate({ env: { CACHE_URL: valkey.url } });
});
afterEach(async () => {
  await gate.close();
  client.disconnect();
  await valkey.stop();
});

/** Without those that say who fills what. */
const responseKeys = () => client.keys('response:*}');

describe('the order of work', () => {
  it('leaves readable keys behind', async () => {
    await gate.ask();
    await expect.poll(responseKeys).toHaveLength(1);
    expect(await client.get(`session:${SAMPLE_SESSION}`)).toBe('true');
    const ttl = await client.ttl(`session:${SAMPLE_SESSION}`);
    expect(ttl).toBeGreaterThan(290);
    expect(ttl).toBeLessThanOrEqual(300);
    const limits = await client.keys('ratelimit:*');
    expect(limits).toHaveLength(2);
    expect(limits.join()).not.toContain(SAMPLE_SESSION.slice(0, 8));
    for (const key of await client.keys('*')) expect(await client.pttl(key), key).toBeGreaterThan(0);
  });

  it('a hit does not extend the session', async () => {
    await gate.ask();
    await expect.poll(() => client.exists(`session:${SAMPLE_SESSION}`)).toBe(1);
    await client.pexpire(`session:${SAMPLE_SESSION}`, 50_000);
    await gate.ask();
    expect(await client.pttl(`session:${SAMPLE_SESSION}`)).toBeLessThanOrEqual(50_000);
  });

  it('a request from a foreign origin asks nobody and counts nowhere', async () => {
    expect((await gate.ask({ origin: 'https://evil.example' })).status).toBe(403);
    expect(gate.authority.counters.requests).toBe(0);
    expect(gate.origin.counters.requests).toBe(0);
    // What a process says of itself every now and then is no trace of a caller.
    expect((await client.keys('*')).filter((key) => key !== 'processes:{0}')).toEqual([]);
  });

  it('a limited request makes no validation and no origin call', async () => {
    for (let i = 0; i < 10; i++) await gate.ask({ session: 'unknown-0123456789' });
    const { requests } = gate.authority.counters;
    const limited = await gate.ask({ session: 'unknown-0123456789' });
    expect(limited.status).toBe(429);
    expect(gate.authority.counters.requests).toBe(requests);
    expect(gate.origin.counters.requests).toBe(0);
  });

  it('an unauthorised request is not answered from the response cache, and leaves no trace in it', async () => {
    const answer = await (await gate.ask()).text();
    await expect.poll(responseKeys).toHaveLength(1);
    const [key] = (await responseKeys()) as [string];
    const before = { value: await client.getBuffer(key), expires: await client.pexpiretime(key) };

    const refused = await gate.ask({ session: 'unknown-0123456789' });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('cache-status')).toBe('cachegate; detail=gate');
    expect(refused.headers.get('age')).toBeNull();
    expect(await refused.text()).not.toBe(answer);
    expect(await responseKeys()).toEqual([key]);
    expect({ value: await client.getBuffer(key), expires: await client.pexpiretime(key) }).toEqual(before);
    expect(gate.origin.counters.requests).toBe(1);
  });

  it('asks the origin for nothing on behalf of an unauthorised caller', async () => {
    expect((await gate.ask({ session: 'unknown-0123456789' })).status).toBe(401);
    expect(gate.origin.counters.requests).toBe(0);
    expect(await responseKeys()).toEqual([]);
  });

  it('puts the namespace before every key, and a keyed hash in place of the id where asked', async () => {
    await gate.close();
    gate = await startGate({
      env: { CACHE_URL: valkey.url },
      change: (config) => {
        const airtable = config.services.airtable!;
        const session = { ...airtable.session!, id_in_key: 'hashed' as const };
        return { ...config, namespace: 'site-a', services: { airtable: { ...airtable, session } } };
      },
    });
    await gate.ask();
    const valuesOf = (kind: string) => client.keys(`site-a:${kind}:*`);
    await expect.poll(() => valuesOf('session')).toHaveLength(1);
    await expect.poll(() => client.keys('site-a:response:*}')).toHaveLength(1);
    expect([(await valuesOf('ratelimit')).length, (await valuesOf('tag')).length]).toEqual([2, 1]);
    for (const key of await client.keys('*')) {
      expect(key).toMatch(/^\{?site-a:/);
      expect(key).not.toContain(SAMPLE_SESSION.slice(0, 8));
    }
    expect((await gate.ask()).status).toBe(200);
    expect(gate.authority.counters.requests).toBe(1);
  });
});
