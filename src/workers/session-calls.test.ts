import { describe, expect, it } from 'vitest';
import { CachegateError } from '../errors.ts';
import { answerSessionCall, createRelayedSessions, type RelayOptions } from './session-calls.ts';

const LISTED = { sessions: [], cursor: 'next' };
const sessions = {
  list: async () => LISTED,
  end: async (reference: string) => reference === 'there',
  endAll: async (): Promise<number> => {
    throw new CachegateError('ERR_STORE_UNAVAILABLE', 'Store unavailable');
  },
};

function relayed(change: Partial<RelayOptions> = {}) {
  return createRelayedSessions({
    // As messages go: what can't be cloned would not arrive.
    ask: async (call) => structuredClone(await answerSessionCall(sessions, structuredClone(call))),
    states: async () => [],
    mode: 'store',
    ...change,
  });
}

describe('sessions, as the primary has them', () => {
  it('are those of a worker', async () => {
    expect(await relayed().list('ann', null)).toEqual(LISTED);
    expect([await relayed().end('there'), await relayed().end('gone')]).toEqual([true, false]);
  });

  it('fail as they do there', async () => {
    const failed = expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE', message: 'Store unavailable' });
    await expect(relayed().endAll('ann')).rejects.toThrow(failed);
  });

  it('are nobody’s where no worker answers', async () => {
    const silent = relayed({ ask: async () => null });
    await expect(silent.end('there')).rejects.toMatchObject({ code: 'ERR_SERVER_WORKER' });
    const early = relayed({ ask: (call) => answerSessionCall(null, call) });
    await expect(early.end('there')).rejects.toMatchObject({ code: 'ERR_SERVER_WORKER' });
  });

  it('stand as the worst of them do', async () => {
    const state = (degraded: boolean, kept: number) => ({ mode: 'store' as const, degraded, kept });
    expect(await relayed().status()).toEqual(state(false, 0));
    const states = async () => [state(false, 1), state(true, 2)];
    expect(await relayed({ states }).status()).toEqual(state(true, 3));
  });
});
