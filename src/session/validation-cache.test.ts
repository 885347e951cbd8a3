import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createBackground } from '../background.ts';
import { CachegateError } from '../errors.ts';
import { createStoreKeys } from '../store/keys.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import { ABSENT } from '../store/reading.ts';
import { createFaultyStore } from '../testing/faulty-store.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import type { Authority, Validation, Verdict } from './authority.ts';
import type { Identity } from './identity.ts';
import { createSessionPresenter, type PresentedSession } from './presented-session.ts';
import { createValidationCache, type ValidationCacheOptions } from './validation-cache.ts';
import { VALID } from './verdict-form.ts';

const ID = 'abc12345def67890';
const ADA: Identity = { user: 'ada', roles: ['admin', 'editor'] };

/** An authority that answers when it is told to. */
function scriptedAuthority() {
  const waiting: ((verdict: Verdict, more?: Partial<Validation>) => void)[] = [];
  const authority: Authority = {
    name: 'Wagtail',
    timeoutMs: 5_000,
    validate: () => new Promise((resolve) => waiting.push((verdict, more) => resolve({ verdict, ...more }))),
    close: async () => {},
  };
  return { authority, waiting };
}

function setUp(events: string[] = [], { withIdentity = false, forwards = false } = {}) {
  const clock = createManualClock();
  const store = createFaultyStore(createMemoryStore({ maxBytes: 1_000_000, clock }));
  const background = createBackground(10, () => {});
  const { authority, waiting } = scriptedAuthority();
  const cache = createValidationCache<string>({
    authority,
    store,
    ttlMs: 300_000,
    withIdentity,
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
    withIdentity,
    forwards,
  });
  return {
    present,
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
    expect(await valid).toEqual(VALID);
    await background.settle(1_000);
    const [value] = await store.get([`session:${ID}`]);
    expect(value!.bytes.toString()).toBe('true');
    expect(value!.expiresInMs).toBe(300_000);
    expect(cache.recall(session, { ok: true, value: value! }, 1, request)).toBe(VALID);
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
    expect(cache.recall(session, { ok: true, value }, 1, request)).toBeNull();
    expect(cache.recall(session, ABSENT, 1, request)).toBeNull();
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
    expect(await rich).toEqual(VALID);
  });

  it('goes on when the store fails, and says which operation failed', async () => {
    const { cache, session, store, waiting, background, events } = setUp();
    store.fail(new CachegateError('ERR_STORE_UNAVAILABLE', 'Connection refused'));
    const error = await Promise.resolve()
      .then(() => store.get(['x']))
      .catch((reason: unknown) => reason);
    expect(cache.recall(session, { ok: false, error: error as never }, 1, request)).toBeNull();
    const judgement = cache.validate(session, applicant('a'));
    await turn();
    waiting.shift()!('valid');
    expect(await judgement).toEqual(VALID);
    await background.settle(1_000);
    expect(events).toEqual(['failed read', 'failed write', 'valid']);
  });
});

describe('a validation cache of identities', () => {
  const set = () => setUp([], { withIdentity: true });

  it('keeps whose a session is as JSON under a name of its own', async () => {
    const { cache, session, store, waiting, background } = set();
    const valid = cache.validate(session, applicant('a'));
    await turn();
    waiting.shift()!('valid', { identity: ADA });
    expect(await valid).toEqual({ kind: 'valid', identity: ADA });
    await background.settle(1_000);
    const [value] = await store.get([`verdict:${ID}`]);
    expect(value!.bytes.toString()).toBe('{"user":"ada","roles":["admin","editor"],"by":""}');
    const reading = { ok: true, value: value! } as const;
    const recalled = cache.recall(session, reading, 1, request);
    expect(recalled).toEqual({ kind: 'valid', identity: ADA });
    // Decoded once for one Buffer.
    expect(cache.recall(session, reading, 1, request)).toBe(recalled);
  });

  it.each([
    'true',
    '{}',
    '[]',
    'null',
    '{"user":"ada"}',
    '{"user":"ada","roles":["b","a"]}',
    '{"user":"ada","roles":["a","a"]}',
    '{"user":"ada","roles":[1]}',
    '{"user":"","roles":[]}',
    '{"user":7,"roles":[]}',
    '{"user":"ada","roles":[],"admin":true}',
    '{"user":"ada","roles":[]',
  ])('takes %s for a miss', (text) => {
    const { cache, session } = set();
    const value = { bytes: Buffer.from(text), expiresInMs: 1 };
    expect(cache.recall(session, { ok: true, value }, 1, request)).toBeNull();
  });

  it('keeps nothing that does not say whose it is', async () => {
    const { cache, session, store, waiting, background } = set();
    const valid = cache.validate(session, applicant('a'));
    await turn();
    waiting.shift()!('valid');
    expect(await valid).toEqual(VALID);
    await background.settle(1_000);
    expect([store.calls.set, await store.get([`verdict:${ID}`])]).toEqual([0, [null]]);
  });
});

describe('a verdict', () => {
  it.each([
    [10_000, 10_000],
    [10_000_000, 300_000],
    [0, null],
  ])('that ends in %i ms is kept for %j', async (leftMs, keptMs) => {
    const { cache, session, store, waiting, background, clock } = setUp();
    const valid = cache.validate(session, applicant('a'));
    await turn();
    waiting.shift()!('valid', { expiresAt: clock.now() + leftMs });
    expect(await valid).toEqual(VALID);
    await background.settle(1_000);
    const [value] = await store.get([session.storeKey]);
    expect(value?.expiresInMs ?? null).toBe(keptMs);
  });

  it('that the authority remembers needs no store', async () => {
    const { clock, background, authority, session, events } = setUp();
    const valid = { kind: 'valid', identity: ADA } as const;
    const forgotten: string[] = [];
    const knowing: Authority = {
      ...authority,
      recall: () => valid,
      forget: ({ id }) => forgotten.push(id),
    };
    const observer = { sessionHit: (_: unknown, ms: number) => events.push(`hit in ${ms}`) };
    const cache = createValidationCache<string>({
      ...{ authority: knowing, store: null, ttlMs: 1, clock, background, observer },
    });
    expect(cache.recall(session, ABSENT, 1_000, request)).toBe(valid);
    await cache.forget(session);
    expect([events, forgotten]).toEqual([['hit in 0'], [ID]]);
  });

  it('that was given for other values is another, and is forgotten with the rest', async () => {
    const { cache, present, store, waiting, background } = setUp([], { forwards: true });
    const sessions = [present(ID)!, present(ID, ['x-tenant', 'a'])!, present(ID, ['x-tenant', 'b'])!];
    const other = present('another', ['x-tenant', 'a'])!;
    const validations = [...sessions, other].map((each) => cache.validate(each, applicant('a')));
    await turn();
    expect(waiting).toHaveLength(4);
    for (const answer of waiting) answer('valid');
    await Promise.all(validations);
    await background.settle(1_000);
    await cache.forget(sessions[1]!);
    const left = await store.get([...sessions, other].map(({ storeKey }) => storeKey));
    expect(left.map((value) => value !== null)).toEqual([false, false, false, true]);
  });

  it('that can’t be forgotten is told', async () => {
    const { cache, session, store } = setUp();
    store.fail(new CachegateError('ERR_STORE_UNAVAILABLE', 'Connection refused'));
    await expect(cache.forget(session)).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' });
  });
});

describe('two validation caches on one store', () => {
  function twoOf(more: Partial<ValidationCacheOptions> & { forwards?: boolean } = {}) {
    const one = setUp([], more);
    const other = createValidationCache<string>({
      ...{ authority: one.authority, store: one.store, ttlMs: 300_000, clock: one.clock },
      ...{ background: one.background, observer: {}, ...more },
    });
    return { ...one, other };
  }

  it('ask once for both, and keep nothing behind', async () => {
    const { cache, other, session, waiting, background, store } = twoOf();
    const both = [cache.validate(session, applicant('a')), other.validate(session, applicant('a'))];
    await turn();
    expect(waiting).toHaveLength(1);
    waiting.shift()!('valid');
    expect(await Promise.all(both)).toEqual([VALID, VALID]);
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
    expect(await second).toEqual(VALID);
  });

  it('keep no verdict of a session that was dropped meanwhile', async () => {
    const { cache, session, store, waiting, background } = twoOf();
    const valid = cache.validate(session, applicant('a'));
    await turn();
    await store.drop([session.storeKey]);
    waiting.shift()!('valid');
    expect(await valid).toEqual(VALID);
    await background.settle(1_000);
    expect(await store.get([session.storeKey])).toEqual([null]);
  });

  it('ask once for both whose it is', async () => {
    const { cache, other, session, waiting } = twoOf({ withIdentity: true });
    const both = [cache.validate(session, applicant('a')), other.validate(session, applicant('a'))];
    await turn();
    waiting.shift()!('valid', { identity: ADA });
    expect(await Promise.all(both)).toEqual([
      { kind: 'valid', identity: ADA },
      { kind: 'valid', identity: ADA },
    ]);
    expect(waiting).toHaveLength(0);
  });

  it('let in nobody who comes after the session was forgotten on what was asked before', async () => {
    const { cache, other, session, waiting, background, store } = twoOf();
    const before = cache.validate(session, applicant('a'));
    await turn();
    await other.forget(session);
    const after = cache.validate(session, applicant('a'));
    await turn();
    expect(waiting).toHaveLength(2);
    waiting.shift()!('valid');
    waiting.shift()!('invalid');
    expect([await before, await after]).toEqual([VALID, { kind: 'invalid' }]);
    await background.settle(1_000);
    expect(await store.get([session.storeKey])).toEqual([null]);
  });

  it('let in nobody then on what was asked with other values', async () => {
    const { cache, other, present, waiting } = twoOf({ forwards: true });
    const [a, b] = [present(ID, ['x-tenant', 'a'])!, present(ID, ['x-tenant', 'b'])!];
    const before = cache.validate(b, applicant('a'));
    await turn();
    await other.forget(a);
    const after = cache.validate(b, applicant('a'));
    await turn();
    waiting.shift()!('valid');
    expect(await before).toEqual(VALID);
    await expect.poll(() => waiting.length).toBe(1);
    waiting.shift()!('invalid');
    expect(await after).toEqual({ kind: 'invalid' });
  });

  it('ask nobody but the authority while the store is away', async () => {
    const { cache, session, store, waiting } = twoOf();
    store.hang();
    const valid = cache.validate(session, { ...applicant('a'), storeAway: true });
    await turn();
    waiting.shift()!('valid');
    expect(await valid).toEqual(VALID);
    expect(store.calls.begin).toBe(0);
  });
});
