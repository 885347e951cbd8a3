import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createBackground } from '../background.ts';
import { CachegateError } from '../errors.ts';
import { createStoreKeys } from '../store/keys.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import { ABSENT } from '../store/reading.ts';
import { createFaultyStore } from '../testing/faulty-store.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import type { Authority, Verdict } from './authority.ts';
import { createSessionPresenter, type PresentedSession } from './presented-session.ts';
import { createValidationCache } from './validation-cache.ts';

const ID = 'abc12345def67890';

/** An authority that answers when it is told to. */
function scriptedAuthority() {
  const waiting: ((verdict: Verdict) => void)[] = [];
  const authority: Authority = {
    name: 'Wagtail',
    timeoutMs: 5_000,
    validate: () => new Promise((resolve) => waiting.push((verdict) => resolve({ verdict }))),
    close: async () => {},
  };
  return { authority, waiting };
}

function setUp(events: string[] = []) {
  const clock = createManualClock();
  const store = createFaultyStore(createMemoryStore({ maxBytes: 1_000_000, clock }));
  const background = createBackground(10, () => {});
  const { authority, waiting } = scriptedAuthority();
  const cache = createValidationCache<string>({
    authority,
    store,
    ttlMs: 300_000,
    clock,
    background,
    observer: {
      sessionHit: () => events.push('hit'),
      sessionMissed: () => events.push('miss'),
      sessionKept: () => events.push('kept'),
      sessionCacheFailed: (_, operation) => events.push(`failed ${operation}`),
      sessionValidated: (_, __, { verdict }) => events.push(verdict),
    },
  });
  const present = createSessionPresenter({
    service: 'airtable',
    authority: '',
    keys: createStoreKeys('', 'secret'),
    idInKey: 'plain',
  });
  return {
    authority,
    clock,
    store,
    background,
    waiting,
    cache,
    session: present(ID) as PresentedSession,
    events,
  };
}

const request = { correlationId: () => 'r1' };
const applicant = (payer: string, spend: () => string | null = () => null) => ({
  ...request,
  payer,
  spend,
  storeAway: false,
});

describe('a validation cache', () => {
  it('keeps valid sessions as readable text for the given time, and nothing else', async () => {
    const { cache, session, store, waiting, background, clock, events } = setUp();
    const valid = cache.validate(session, applicant('a'));
    await turn();
    waiting.shift()!('valid');
    expect(await valid).toEqual({ kind: 'valid' });
    await background.settle(1_000);
    const [value] = await store.get([`session:${ID}`]);
    expect(value!.bytes.toString()).toBe('true');
    expect(value!.expiresInMs).toBe(300_000);
    expect(cache.recall(session, { ok: true, value: value! }, 1, request)).toBe(true);
    clock.advance(300_000);
    expect(await store.get([`session:${ID}`])).toEqual([null]);
    expect(events).toEqual(['valid', 'kept', 'hit']);
  });

  it.each(['invalid', 'unavailable'] as const)('does not keep %s', async (verdict) => {
    const { cache, session, store, waiting, background } = setUp();
    const judgement = cache.validate(session, applicant('a'));
    await turn();
    waiting.shift()!(verdict);
    expect(await judgement).toEqual({ kind: verdict });
    await background.settle(1_000);
    expect(await store.get([`session:${ID}`])).toEqual([null]);
  });

  it('takes any other value for a miss', () => {
    const { cache, session } = setUp();
    const value = { bytes: Buffer.from('false'), expiresInMs: 1 };
    expect(cache.recall(session, { ok: true, value }, 1, request)).toBe(false);
    expect(cache.recall(session, ABSENT, 1, request)).toBe(false);
  });

  it('asks once for all who ask at the same time, until the verdict is kept', async () => {
    const { cache, session, waiting } = setUp();
    const first = Array.from({ length: 50 }, () => cache.validate(session, applicant('a')));
    await turn();
    expect(waiting).toHaveLength(1);
    waiting.shift()!('valid');
    expect(new Set((await Promise.all(first)).map(({ kind }) => kind))).toEqual(new Set(['valid']));
    expect(waiting).toHaveLength(0);
  });

  it('asks again once a verdict was not kept', async () => {
    const { cache, session, waiting } = setUp();
    const first = cache.validate(session, applicant('a'));
    await turn();
    waiting.shift()!('invalid');
    await first;
    void cache.validate(session, applicant('a'));
    await turn();
    expect(waiting).toHaveLength(1);
  });

  it('refuses whoever has no budget, without asking; another payer asks for itself', async () => {
    const { cache, session, waiting } = setUp();
    const poor = cache.validate(
      session,
      applicant('poor', () => 'spent'),
    );
    const poorToo = cache.validate(
      session,
      applicant('poor', () => 'spent'),
    );
    const rich = cache.validate(session, applicant('rich'));
    expect(await poor).toEqual({ kind: 'refused', refusal: 'spent' });
    expect(await poorToo).toEqual({ kind: 'refused', refusal: 'spent' });
    await expect.poll(() => waiting.length).toBe(1);
    waiting.shift()!('valid');
    expect(await rich).toEqual({ kind: 'valid' });
  });

  it('goes on when the store fails, and says which operation failed', async () => {
    const { cache, session, store, waiting, background, events } = setUp();
    store.fail(new CachegateError('ERR_STORE_UNAVAILABLE', 'Connection refused'));
    const error = await Promise.resolve()
      .then(() => store.get(['x']))
      .catch((reason: unknown) => reason);
    expect(cache.recall(session, { ok: false, error: error as never }, 1, request)).toBe(false);
    const judgement = cache.validate(session, applicant('a'));
    await turn();
    waiting.shift()!('valid');
    expect(await judgement).toEqual({ kind: 'valid' });
    await background.settle(1_000);
    expect(events).toEqual(['failed read', 'failed write', 'valid']);
  });
});

describe('two validation caches on one store', () => {
  function twoOf() {
    const one = setUp();
    const other = createValidationCache<string>({
      ...{ authority: one.authority, store: one.store, ttlMs: 300_000, clock: one.clock },
      ...{ background: one.background, observer: {} },
    });
    return { ...one, other };
  }

  it('ask once for both, and keep nothing behind', async () => {
    const { cache, other, session, waiting, background, store } = twoOf();
    const both = [cache.validate(session, applicant('a')), other.validate(session, applicant('a'))];
    await turn();
    expect(waiting).toHaveLength(1);
    waiting.shift()!('valid');
    expect(await Promise.all(both)).toEqual([{ kind: 'valid' }, { kind: 'valid' }]);
    await background.settle(1_000);
    expect([waiting.length, store.calls.set]).toEqual([0, 1]);
  });

  it.each(['invalid', 'unavailable'] as const)('ask each for itself after %s', async (verdict) => {
    const { cache, other, session, waiting } = twoOf();
    const first = cache.validate(session, applicant('a'));
    const second = other.validate(session, applicant('a'));
    await turn();
    waiting.shift()!(verdict);
    expect(await first).toEqual({ kind: verdict });
    await expect.poll(() => waiting.length).toBe(1);
    waiting.shift()!('valid');
    expect(await second).toEqual({ kind: 'valid' });
  });

  it('keep no verdict of a session that was dropped meanwhile', async () => {
    const { cache, session, store, waiting, background } = twoOf();
    const valid = cache.validate(session, applicant('a'));
    await turn();
    await store.drop([session.storeKey]);
    waiting.shift()!('valid');
    expect(await valid).toEqual({ kind: 'valid' });
    await background.settle(1_000);
    expect(await store.get([session.storeKey])).toEqual([null]);
  });

  it('ask nobody but the authority while the store is away', async () => {
    const { cache, session, store, waiting } = twoOf();
    store.hang();
    const valid = cache.validate(session, { ...applicant('a'), storeAway: true });
    await turn();
    waiting.shift()!('valid');
    expect(await valid).toEqual({ kind: 'valid' });
    expect(store.calls.begin).toBe(0);
  });
});
