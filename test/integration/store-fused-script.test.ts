import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { Redis } from 'iovalkey';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toStoreError } from '../../src/store/reply-errors.ts';
import { createSlidingWindow, takeFrom } from '../../src/store/sliding-window.ts';
import type { TakeResult } from '../../src/store/store.ts';
import {
  addTake,
  createFusedBatch,
  resolveBatch,
  scriptArguments,
} from '../../src/store/valkey/fused-batch.ts';
import { fusedScript } from '../../src/store/valkey/fused-script.ts';
import { partOfWindow, rateRules } from '../support/rate-rules.ts';
import { someValkey, type ValkeyServer } from '../support/valkey-server.ts';

/** The script by a clock of the test's: the time is a last argument. */
const SCRIPT = fusedScript('tonumber(ARGV[#ARGV])');

/** How far time goes, as a part of the longest window, and for how many requests each asks who asks at that time. */
const turns = fc.array(
  fc.record({
    part: partOfWindow,
    counts: fc.array(fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 20 })), {
      minLength: 1,
      maxLength: 8,
    }),
  }),
  { minLength: 1, maxLength: 40 },
);

describe('the fused script', () => {
  let server: Pick<ValkeyServer, 'url' | 'stop'>;
  let client: Redis;
  beforeAll(async () => {
    server = await someValkey();
    client = new Redis(server.url);
  });
  afterAll(async () => {
    await client.quit();
    await server.stop();
  });

  it('counts as sliding-window.ts does, several requests of one turn as if one after the other', async () => {
    await fc.assert(
      fc.asyncProperty(rateRules, turns, async (someRules, someTurns) => {
        const key = `test:${randomUUID()}`;
        const windows = someRules.map(createSlidingWindow);
        const longest = Math.max(...someRules.map(({ windowMs }) => windowMs));
        let now = 1_700_000_000_000;
        for (const { part, counts } of someTurns) {
          now += Math.round(part * longest);
          const batch = createFusedBatch();
          const answers: Promise<TakeResult>[] = [];
          for (const count of counts) answers.push(addTake(batch, key, someRules, count));
          const reply = await client.callBuffer('eval', [SCRIPT, ...scriptArguments(batch), now]);
          resolveBatch(batch, reply as unknown[], toStoreError);
          const expected = counts.map((count) => takeFrom(windows, now, count));
          expect(await Promise.all(answers)).toEqual(expected);
        }
        await client.unlink(key);
      }),
      { numRuns: 120 },
    );
  });
});
