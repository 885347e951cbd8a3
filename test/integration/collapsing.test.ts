import { afterEach, describe, expect, it } from 'vitest';
import { type Gate, startGate, withoutLimits } from '../support/gate.ts';
import { startValkeyServer } from '../support/valkey-server.ts';

let gate: Gate;
afterEach(() => gate.close());

const together = (count: number, ask: (i: number) => Promise<Response>) =>
  Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const response = await ask(i);
      return { status: response.status, text: await response.text() };
    }),
  );

describe('simultaneous requests', () => {
  it.each(['memory', 'Valkey'])(
    '200 with one unknown session cost one validation and one fetch, on %s',
    async (store) => {
      const valkey = store === 'memory' ? null : await startValkeyServer();
      gate = await startGate({
        delayMs: 150,
        change: withoutLimits,
        env: valkey === null ? {} : { CACHE_URL: valkey.url },
      });
      const answers = await together(200, () => gate.ask());
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      expect(gate.authority.counters.requests).toBe(1);
      expect(gate.origin.counters.requests).toBe(1);
      await gate.ask();
      expect(gate.authority.counters.requests).toBe(1);
      expect(gate.origin.counters.requests).toBe(1);
      await valkey?.stop();
    },
  );

  it('with one refused session share the refusal', async () => {
    gate = await startGate({ delayMs: 100, change: withoutLimits });
    const answers = await together(50, () => gate.ask({ session: 'unknown-0123456789' }));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    expect(gate.authority.counters.requests).toBe(1);
  });

  it('go to the origin themselves when the shared fetch failed', async () => {
    gate = await startGate({ delayMs: 50, change: withoutLimits });
    gate.origin.behaviour.fault = 500;
    const answers = await together(5, () => gate.ask());
    expect(answers.map(({ status }) => status)).toEqual([502, 502, 502, 502, 502]);
    expect(gate.origin.counters.requests).toBe(5);
  });

  it('outlive the one that began: the first client may leave', async () => {
    gate = await startGate({ delayMs: 150, change: withoutLimits });
    await gate.ask({ page: '/' });
    const leaving = new AbortController();
    const first = gate.ask({ signal: leaving.signal }).catch(() => 'left');
    await expect.poll(() => gate.origin.counters.requests).toBe(2);
    const second = gate.ask();
    await expect.poll(() => gate.logged('Session cache hit').length).toBe(2);
    leaving.abort();
    expect(await first).toBe('left');
    expect((await second).status).toBe(200);
    expect(gate.origin.counters.requests).toBe(2);
  });
});
