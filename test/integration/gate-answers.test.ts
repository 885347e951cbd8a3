import { afterEach, describe, expect, it } from 'vitest';
import { EXTENSION, type Gate, SAMPLE_SESSION, startGate } from '../support/gate.ts';

// Each status of the example with its body, and what browsers need to read it.

let gate: Gate;
afterEach(() => gate.close());

const errorOf = async (response: Response) => (await response.json()) as { error: string };

describe('the gate answers', () => {
  it('200 with the newest records of the page, missed and then hit', async () => {
    gate = await startGate();
    const missed = await gate.ask({ page: '/parking/resident-permits' });
    expect(missed.status).toBe(200);
    expect(missed.headers.get('cache-status')).toMatch(/^cachegate; fwd=uri-miss; fwd-status=200; stored/);
    const { records } = (await missed.json()) as { records: Record<string, unknown>[] };
    expect(records).toHaveLength(5);
    for (const record of records) {
      expect(Object.keys(record)).toEqual([
        ...['id', 'submissionId', 'submissionCreated', 'referrer'],
        ...['wasHelpful', 'issueCategory', 'whatWasHelpful', 'additionalDetails'],
      ]);
      expect(record.referrer).toBe('/parking/resident-permits');
    }
    const created = records.map((record) => String(record.submissionCreated));
    expect(created).toEqual([...created].sort().reverse());

    const hit = await gate.ask({ page: '/Parking/Resident-Permits/?utm_source=mail' });
    expect(hit.headers.get('cache-status')).toMatch(/^cachegate; hit; ttl=\d+$/);
    expect(Number(hit.headers.get('age'))).toBeGreaterThanOrEqual(0);
    expect(await hit.json()).toEqual({ records });
    expect(gate.origin.counters.requests).toBe(1);
  });

  it('lets the extension read it, and nobody share it', async () => {
    gate = await startGate();
    const response = await gate.ask();
    expect(response.headers.get('access-control-allow-origin')).toBe(EXTENSION);
    expect(response.headers.get('access-control-allow-credentials')).toBe('true');
    expect(response.headers.get('vary')).toContain('Origin');
    expect(response.headers.get('cache-control')).toBe('private, no-cache');
    const other = await gate.ask({ origin: 'edge-extension://ponmlkjihgfedcbaponmlkjihgfedcba' });
    expect(other.headers.get('access-control-allow-origin')).toBe(
      'edge-extension://ponmlkjihgfedcbaponmlkjihgfedcba',
    );
    expect(other.headers.get('cache-status')).toMatch(/hit/);
  });

  it('HEAD as GET, without the content', async () => {
    gate = await startGate();
    const head = await gate.ask({ method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(await head.text()).toBe('');
    const get = await gate.ask();
    expect(get.headers.get('cache-status')).toMatch(/hit/);
    expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
  });

  it('204 to a preflight, with what the request may hold', async () => {
    gate = await startGate();
    const response = await gate.ask({
      method: 'OPTIONS',
      session: null,
      headers: {
        'Access-Control-Request-Method': 'GET',
        'Access-Control-Request-Headers': 'x-wagtail-session',
      },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-methods')).toBe('GET, HEAD');
    expect(response.headers.get('access-control-allow-headers')).toBe('X-Wagtail-Session');
    expect(response.headers.get('access-control-allow-origin')).toBe(EXTENSION);
    expect(gate.authority.counters.requests).toBe(0);
  });

  it('400 without a pagePath', async () => {
    gate = await startGate();
    const response = await fetch(new URL('/api/airtable-proxy', gate.url), {
      headers: { Origin: EXTENSION, 'X-Wagtail-Session': SAMPLE_SESSION },
    });
    expect(response.status).toBe(400);
    expect(await errorOf(response)).toEqual({ error: 'Missing pagePath parameter' });
    expect(gate.origin.counters.requests).toBe(0);
  });

  it.each([
    ['no session', null],
    ['a session that the authority does not know', 'unknown0123456789'],
    ['a session with characters that no cookie carries', 'abc"12345'],
    ['an over-long session', 'a'.repeat(5_000)],
  ])('401 with %s', async (_, session) => {
    gate = await startGate();
    const response = await gate.ask({ session });
    expect(response.status).toBe(401);
    expect(await errorOf(response)).toEqual({ error: 'Invalid or expired session' });
    expect(gate.authority.counters.requests).toBe(session?.startsWith('unknown') ? 1 : 0);
    expect(gate.origin.counters.requests).toBe(0);
  });

  it.each([
    ['no Origin', null],
    ['a web page', 'https://evil.example'],
    ['an origin that only contains an allowed one', 'https://chrome-extension.example'],
    ['localhost outside development', 'http://localhost:3000'],
    ['an opaque origin', 'null'],
  ])('403 to %s', async (_, origin) => {
    gate = await startGate();
    const response = await gate.ask({ origin });
    expect(response.status).toBe(403);
    expect(await errorOf(response)).toEqual({ error: 'Origin not allowed' });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
    expect(gate.authority.counters.requests).toBe(0);
  });

  it('localhost in development', async () => {
    gate = await startGate({ env: { NODE_ENV: 'development' } });
    for (const origin of ['http://localhost:3000', 'http://127.0.0.1:5173', 'http://localhost']) {
      expect((await gate.ask({ origin })).status).toBe(200);
    }
    expect((await gate.ask({ origin: 'http://localhost.evil.example:3000' })).status).toBe(403);
  });

  it('405 to other methods, and names those it has', async () => {
    gate = await startGate();
    const response = await gate.ask({ method: 'POST' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
    expect(await errorOf(response)).toEqual({ error: 'Method not allowed' });
  });

  it('429 to the eleventh request of a session in ten seconds, with when to come back', async () => {
    gate = await startGate();
    for (let i = 9; i >= 0; i--) {
      const response = await gate.ask();
      expect(response.status).toBe(200);
      expect(response.headers.get('ratelimit')).toMatch(new RegExp(`^"session";r=${i};t=\\d+`));
    }
    const refused = await gate.ask();
    expect(refused.status).toBe(429);
    expect(await errorOf(refused)).toEqual({ error: 'Too many requests' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(Number(refused.headers.get('retry-after'))).toBeLessThanOrEqual(10);
    expect(refused.headers.get('ratelimit-policy')).toBe('"session";q=10;w=10, "address";q=60;w=10');
    expect(refused.headers.get('ratelimit')).toMatch(/^"session";r=0;t=\d+$/);
    expect(refused.headers.get('access-control-allow-origin')).toBe(EXTENSION);
    expect(gate.origin.counters.requests).toBe(1);
  });

  it('429 to an address that presents its sixty-first unknown session, and not to a known one', async () => {
    gate = await startGate();
    expect((await gate.ask()).status).toBe(200);
    for (let i = 1; i < 60; i++) expect((await gate.ask({ session: `unknown${i}` })).status).toBe(401);
    expect((await gate.ask({ session: 'unknown60' })).status).toBe(429);
    expect(gate.authority.counters.requests).toBe(60);
    expect((await gate.ask()).status).toBe(200);
  });

  it.each([500, 503, 'close', 'garbage'] as const)('502 when the origin fails: %s', async (fault) => {
    gate = await startGate();
    gate.origin.behaviour.fault = fault;
    const response = await gate.ask();
    expect(response.status).toBe(502);
    expect((await errorOf(response)).error).toEqual(expect.any(String));
    gate.origin.behaviour.fault = null;
    expect((await gate.ask()).status).toBe(200);
  });

  it('404 to other paths, 400 to a path that can be read in two ways', async () => {
    gate = await startGate();
    expect((await fetch(new URL('/api/other', gate.url))).status).toBe(404);
    expect((await fetch(`${gate.url}/api%2fairtable-proxy`)).status).toBe(400);
  });

  it('keeps a page path inside its formula', async () => {
    gate = await startGate();
    const hostile = await gate.ask({ page: "/x' , TRUE()) OR {referrer}='/parking/resident-permits" });
    expect(hostile.status).toBe(200);
    expect(await hostile.json()).toEqual({ records: [] });
  });

  it('sends the origin its key and none of the caller’s credentials', async () => {
    gate = await startGate();
    await gate.ask({
      headers: { Cookie: `sessionid=${SAMPLE_SESSION}; other=1`, Authorization: 'Bearer of-the-caller' },
    });
    const { headers } = gate.origin.received[0]!;
    expect(headers.authorization).toMatch(/^Bearer pat/);
    expect(JSON.stringify(headers)).not.toContain(SAMPLE_SESSION);
    expect(headers.cookie).toBeUndefined();
    expect(headers.origin).toBeUndefined();
  });

  it('takes the session from the cookie too', async () => {
    gate = await startGate();
    const response = await gate.ask({
      session: null,
      headers: { Cookie: `a=b; sessionid=${SAMPLE_SESSION}` },
    });
    expect(response.status).toBe(200);
  });
});
