import { afterEach, describe, expect, it } from 'vitest';
import { type Gate, SAMPLE_SESSION, startGate } from '../support/gate.ts';
import { startValkeyServer } from '../support/valkey-server.ts';

// The log lines letter for letter, with their fields: dashboards and log searches depend on them.

let gate: Gate;
afterEach(() => gate.close());

const SHOWN = `session:${SAMPLE_SESSION.slice(0, 8)}`;
const sessionLines = () => gate.log.map(({ msg }) => msg).filter((text) => text.includes('ession'));

describe('the log of session validation', () => {
  it('says miss, validation and write, then hit', async () => {
    gate = await startGate({ delayMs: 20 });
    await gate.ask();
    await gate.ask();
    const [miss, validated, cached, hit, ...rest] = sessionLines();
    expect(rest).toEqual([]);
    expect(miss).toBe(`Session cache miss for ${SHOWN}, validating with Wagtail`);
    expect(validated).toMatch(new RegExp(`^Wagtail validation for ${SHOWN}: valid \\(\\d+ms\\)$`));
    expect(cached).toMatch(new RegExp(`^Session validation result cached for ${SHOWN} \\(\\d+ms\\)$`));
    expect(hit).toMatch(new RegExp(`^Session cache hit for ${SHOWN} \\(\\d+ms\\)$`));
    const shown = SAMPLE_SESSION.slice(0, 8);
    expect(gate.logged('Session cache miss')[0]).toMatchObject({
      level: 30,
      operation: 'miss',
      sessionId: shown,
    });
    expect(gate.logged('Wagtail validation')[0]).toMatchObject({
      operation: 'validate',
      duration: expect.any(Number),
    });
    expect(gate.logged('Session validation result')[0]).toMatchObject({
      operation: 'write',
      sessionId: shown,
    });
    expect(gate.logged('Session cache hit')[0]).toMatchObject({
      operation: 'hit',
      duration: expect.any(Number),
    });
  });

  it('tells invalid and unavailable apart', async () => {
    gate = await startGate({ env: { WAGTAIL_VALIDATION_TIMEOUT: '100' } });
    await gate.ask({ session: 'unknown-0123456789' });
    expect(gate.logged('Wagtail validation for session:unknown-: invalid (')).toHaveLength(1);
    for (const fault of [500, 'close', 'hang'] as const) {
      gate.authority.behaviour.fault = fault;
      expect((await gate.ask()).status).toBe(401);
    }
    const lines = gate.logged(`Wagtail validation for ${SHOWN}: unavailable (`);
    expect(lines.map(({ level }) => level)).toEqual([50, 50, 50]);
    expect(lines.map(({ error }) => error)).toEqual([
      'status 500',
      expect.any(String),
      'no answer within 100 ms',
    ]);
    gate.authority.behaviour.fault = null;
    expect((await gate.ask()).status).toBe(200);
  });

  it('says hits, misses and writes only at the detailed level', async () => {
    gate = await startGate({ env: { LOGGING_LEVEL: 'aggregate' } });
    await gate.ask();
    await gate.ask();
    expect(sessionLines()).toEqual([expect.stringMatching(/^Wagtail validation for .*: valid/)]);
  });

  it('says what the store failed with, and which operation it was', async () => {
    const valkey = await startValkeyServer();
    gate = await startGate({ env: { CACHE_URL: valkey.url } });
    valkey.freeze();
    expect((await gate.ask()).status).toBe(200);
    await expect.poll(() => gate.logged('Session cache error').length).toBe(1);
    const [read] = gate.logged('Session cache error: Connection timeout');
    const shown = SAMPLE_SESSION.slice(0, 8);
    expect(read).toMatchObject({
      level: 50,
      operation: 'error',
      failedOperation: 'read',
      sessionId: shown,
      error: 'Connection timeout',
      errorType: 'ERR_STORE_TIMEOUT',
    });
    valkey.thaw();
    await valkey.stop();
  });

  it('carries the correlation id, and passes it on', async () => {
    gate = await startGate();
    await gate.ask({ headers: { 'X-Request-Id': 'from-the-caller.1' } });
    for (const record of gate.logged('Session')) expect(record.correlationId).toBe('from-the-caller.1');
    expect(gate.origin.received[0]!.headers['x-request-id']).toBe('from-the-caller.1');
  });
});
