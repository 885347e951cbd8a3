import { describe, expect, it } from 'vitest';
import { limitOf } from './memory-limit.ts';
import type { TrackableClient } from './trackable-client.ts';

/** A client that answers so when it is asked for its memory; an error is thrown. */
function answering(answer: unknown): TrackableClient {
  const client = {
    status: 'ready',
    call: async () => {
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  return client as unknown as TrackableClient;
}

const info = (maxmemory: number) =>
  `# Memory\r\nused_memory:1000\r\nmaxmemory:${maxmemory}\r\nmaxmemory_policy:x\r\n`;
const cluster = (...answers: unknown[]) => ({ ...answering(''), nodes: () => answers.map(answering) });

describe('limitOf', () => {
  it('is what a server says', async () => {
    expect(await limitOf(answering(info(1_000)))).toBe(1_000);
  });

  it.each([
    ['none', info(0)],
    ['nothing of it', '# Memory'],
    ['a refusal', new Error('NOPERM')],
  ])('is not known where the server says %s', async (_, answer) => {
    expect(await limitOf(answering(answer))).toBeNull();
  });

  it('is the sum of what all masters of a Cluster say, if all do', async () => {
    expect(await limitOf(cluster(info(1_000), info(500)))).toBe(1_500);
    expect(await limitOf(cluster(info(1_000), info(0)))).toBeNull();
    expect(await limitOf(cluster())).toBeNull();
  });
});
