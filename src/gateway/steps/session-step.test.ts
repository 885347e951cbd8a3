import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { CachegateError } from '../../errors.ts';
import type { PresentedSession } from '../../session/presented-session.ts';
import type { Applicant, ValidationCache } from '../../session/validation-cache.ts';
import { ABSENT, type Reading } from '../../store/reading.ts';
import type { Store, TakeResult } from '../../store/store.ts';
import { Exchange } from '../exchange.ts';
import type { Destination } from '../location.ts';
import type { GateRequest } from '../request.ts';
import { createSessionStep } from './session-step.ts';

const AWAY: Reading = { ok: false, error: new CachegateError('ERR_STORE_TIMEOUT', 'Connection timeout') };

const THERE: Reading = { ok: true, value: { bytes: Buffer.from('x'), expiresInMs: 1_000 } };

let startedAt = 0;

/** A session that is validated, after both reads have left early. */
async function pass(session: Reading, response: Reading, validationMs = 0) {
  const applicants: Applicant<TakeResult>[] = [];
  const validations: ValidationCache<TakeResult> = {
    recall: () => null,
    validate: async (_session, applicant) => {
      applicants.push(applicant);
      await sleep(validationMs);
      return { kind: 'valid', identity: null };
    },
    forget: async () => {},
  };
  const step = createSessionStep({
    ...{ validations, store: {} as Store, addressLimiter: null, addressKey: () => '' },
  });
  const exchange = new Exchange({} as GateRequest, {} as Destination, { now: () => 0 });
  startedAt = performance.now();
  exchange.lookupStartedAt = startedAt;
  exchange.session = {} as PresentedSession;
  exchange.early = { taken: null, session: Promise.resolve(session), response: Promise.resolve(response) };
  expect(await step(exchange)).toBeNull();
  return { exchange, asked: applicants[0]! };
}

it.each<[string, Reading, Reading, boolean, boolean | null]>([
  ['all is there', ABSENT, THERE, false, null],
  ['what has the responses failed', ABSENT, AWAY, false, null],
  ['the part with the session is away', AWAY, ABSENT, true, false],
  ['all is away', AWAY, AWAY, true, true],
])('of a store, when %s, only what is away is not asked again', async (_, session, response, away, rest) => {
  const { exchange, asked } = await pass(session, response);
  expect([exchange.storeAway, exchange.responseAway, exchange.early]).toEqual([away, rest, null]);
  expect(asked.storeAway).toBe(away);
});

it('the time of a validation is none of the look-up for the response that was made before', async () => {
  const { exchange } = await pass(ABSENT, ABSENT, 30);
  const lookedUpMs = performance.now() - exchange.lookupStartedAt;
  expect(lookedUpMs).toBeLessThan(performance.now() - startedAt - 25);
});

it('that no response was there is still known after a validation', async () => {
  const { exchange } = await pass(ABSENT, ABSENT);
  expect(exchange.early).toEqual({ taken: null, session: null, response: ABSENT });
});
