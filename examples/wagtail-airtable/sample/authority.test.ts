import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Authority, SAMPLE_SESSION, startAuthority } from './authority.mjs';

let authority: Authority;

beforeEach(async () => {
  authority = await startAuthority({ delayMs: 0, sessionPrefix: 'load' });
});
afterEach(() => authority.close());

function ask(session: string | null, { path = '/', method = 'GET' } = {}) {
  const headers = session === null ? {} : { cookie: `theme=dark; sessionid=${session}` };
  return fetch(`${authority.apiUrl}${path}`, { method, headers, redirect: 'manual' });
}

describe('the sample authority', () => {
  it('answers 200 to a session that is signed in', async () => {
    const response = await ask(SAMPLE_SESSION);
    expect(response.status).toBe(200);
    expect(await response.json()).toHaveProperty('items');
  });

  it('answers HEAD as GET, without the body', async () => {
    const response = await ask(SAMPLE_SESSION, { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });

  it.each([
    ['another session', 'stranger'],
    ['no cookie', null],
  ])('sends %s to the login page', async (_, id) => {
    const response = await ask(id);
    expect(response.status).toBe(302);
    const location = response.headers.get('location')!;
    expect(location).toBe('/admin/login/?next=%2Fadmin%2Fapi%2Fmain%2Fpages%2F');
    expect((await fetch(authority.url + location)).status).toBe(200);
  });

  it('adds the slash that is missing', async () => {
    const response = await ask(SAMPLE_SESSION, { path: '?limit=1' });
    expect([response.status, response.headers.get('location')]).toEqual([
      301,
      '/admin/api/main/pages/?limit=1',
    ]);
  });

  it('refuses other methods', async () => {
    expect((await ask(SAMPLE_SESSION, { method: 'POST' })).status).toBe(405);
  });

  it('knows every session with the prefix, and those added and removed while it runs', async () => {
    expect((await ask('load-17')).status).toBe(200);
    authority.sessions.add('newcomer');
    expect((await ask('newcomer')).status).toBe(200);
    authority.sessions.delete(SAMPLE_SESSION);
    expect((await ask(SAMPLE_SESSION)).status).toBe(302);
  });

  it('counts requests and keeps what they carried', async () => {
    await ask('stranger');
    await ask(SAMPLE_SESSION);
    expect(authority.counters.requests).toBe(2);
    expect(authority.received[1]).toMatchObject({
      method: 'GET',
      target: '/admin/api/main/pages/',
      headers: { cookie: `theme=dark; sessionid=${SAMPLE_SESSION}` },
    });
  });
});

describe('its faults', () => {
  it.each([401, 403, 500])('answers %d when told to', async (fault) => {
    authority.behaviour.fault = fault;
    expect((await ask(SAMPLE_SESSION)).status).toBe(fault);
    authority.behaviour.fault = null;
    expect((await ask(SAMPLE_SESSION)).status).toBe(200);
  });

  it('closes the connection when told to', async () => {
    authority.behaviour.fault = 'close';
    await expect(ask(SAMPLE_SESSION)).rejects.toThrow('fetch failed');
  });

  it('leaves a request without an answer when told to, until it is closed', async () => {
    authority.behaviour.fault = 'hang';
    const answer = ask(SAMPLE_SESSION);
    const refused = expect(answer).rejects.toThrow('fetch failed');
    while (authority.counters.requests === 0) await new Promise(setImmediate);
    await authority.close();
    await refused;
    authority = await startAuthority({ delayMs: 0 });
  });
});
