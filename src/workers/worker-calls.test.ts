import { describe, expect, it } from 'vitest';
import { CachegateError } from '../errors.ts';
import { type AskWorker, answerCall, type CallSources, createRelay } from './worker-calls.ts';

const LISTED = { sessions: [], cursor: 'next' };
const sources = {
  sessions: {
    list: async () => LISTED,
    end: async (reference: string) => reference === 'there',
    endAll: async (): Promise<number> => {
      throw new CachegateError('ERR_STORE_UNAVAILABLE', 'Store unavailable');
    },
  },
  operations: { purge: async ({ mode }: { mode: string }) => ({ purged: mode === 'soft' ? 2 : 1 }) },
} as unknown as CallSources;

function relayed(given: CallSources | null = sources, ask?: AskWorker) {
  // As messages go: what can't be cloned would not arrive.
  const asWorker: AskWorker = async (call) => structuredClone(await answerCall(given, structuredClone(call)));
  return createRelay(ask ?? asWorker);
}

describe('what the primary asks a worker', () => {
  it('is answered as it is there', async () => {
    const { listSessions, endSession, purge } = relayed();
    expect(await listSessions('ann', null)).toEqual(LISTED);
    expect([await endSession('there'), await endSession('gone')]).toEqual([true, false]);
    expect(await purge({ service: 'api', mode: 'soft' })).toEqual({ purged: 2 });
  });

  it('fails as it does there', async () => {
    const failed = expect.objectContaining({ code: 'ERR_STORE_UNAVAILABLE', message: 'Store unavailable' });
    await expect(relayed().endSessions('ann')).rejects.toThrow(failed);
  });

  it('is nobody’s to answer where no worker does, or has the part', async () => {
    const none = { code: 'ERR_SERVER_WORKER' };
    await expect(relayed(sources, async () => null).stats()).rejects.toMatchObject(none);
    await expect(relayed(null).endSession('there')).rejects.toMatchObject(none);
    await expect(relayed({ ...sources, sessions: null }).endSession('there')).rejects.toMatchObject(none);
  });
});
