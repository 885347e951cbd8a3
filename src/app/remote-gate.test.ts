import { describe, expect, it } from 'vitest';
import { createBackground } from '../background.ts';
import { CachegateError } from '../errors.ts';
import { createLimiter } from '../rate-limit/limiter.ts';
import type { Authority, Validation } from '../session/authority.ts';
import { createSessionPresenter } from '../session/presented-session.ts';
import { createValidationCache } from '../session/validation-cache.ts';
import { createStoreKeys } from '../store/keys.ts';
import { createLocalWindows } from '../store/local-windows.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import type { TakeResult } from '../store/store.ts';
import { createFaultyStore } from '../testing/faulty-store.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import type { PartsRequest } from './cachegate.ts';
import { createRemoteGate, NO_GATE } from './remote-gate.ts';

const IDENTITY = { user: 'ada', roles: ['editor'] };
const VALID: Validation = { verdict: 'valid', identity: IDENTITY };
const keys = createStoreKeys('', 'secret');

function requestWith(id: string | undefined, peer = '192.0.2.1'): PartsRequest {
  return { method: 'GET', peer, field: (name) => (name === 'x-session' ? id : undefined) };
}

function setUp(says: (id: string) => Validation, limit = 2) {
  const clock = createManualClock();
  const store = createFaultyStore(createMemoryStore({ maxBytes: 1_000_000, clock }));
  const background = createBackground(10, () => {});
  const asked: string[] = [];
  const authority: Authority = {
    name: 'the authority',
    timeoutMs: 1_000,
    async validate({ id }, correlationId) {
      asked.push(`${id} ${correlationId}`);
      return says(id);
    },
    close: async () => {},
  };
  const present = createSessionPresenter({
    ...{ service: '@gate', authority: '', keys, idInKey: 'plain', withIdentity: true },
  });
  const { gate, forget } = createRemoteGate({
    find: (request) => {
      const id = request.field('x-session');
      return id === undefined ? null : present(id);
    },
    validations: createValidationCache<TakeResult>({
      ...{ authority, store, ttlMs: 60_000, withIdentity: true, clock, background, observer: {} },
    }),
    store,
    addressLimiter: createLimiter({
      limit: { name: 'address', rule: { limit, windowMs: 10_000 } },
      ...{ store, local: createLocalWindows(), clock, onStoreFailure: () => {} },
    }),
    addressKey: ({ peer }) => peer,
    clock,
  });
  return { gate, forget, store, asked, clock, settle: () => background.settle(1_000) };
}

const LIMIT = ['RateLimit-Policy', '"address";q=2;w=10', 'RateLimit'];

describe('the gate in an application', () => {
  it('asks the authority once, says whose the session is, and remembers it', async () => {
    const { gate, asked, settle } = setUp(() => VALID);
    const fields = [...LIMIT, '"address";r=1;t=10'];
    expect(await gate(requestWith('ada1'))).toEqual({ admitted: true, fields, identity: IDENTITY });
    await settle();
    // At once, and without a count: only what has to be asked is limited.
    expect(gate(requestWith('ada1'))).toEqual({ admitted: true, fields: [], identity: IDENTITY });
    expect(asked).toHaveLength(1);
  });

  it.each(['invalid', 'unavailable'] as const)('refuses who is %s, and asks again', async (verdict) => {
    const { gate, asked } = setUp(() => ({ verdict }));
    for (const left of [1, 0]) {
      expect(await gate(requestWith('eve1'))).toEqual({
        admitted: false,
        status: 401,
        fields: expect.arrayContaining(['Content-Type', 'application/json', `"address";r=${left};t=10`]),
        body: '{"error":"Invalid or expired session"}',
      });
    }
    expect(asked).toHaveLength(2);
  });

  it('refuses who presents nothing, or what no caller could have, unasked', async () => {
    const { gate, asked } = setUp(() => VALID);
    for (const id of [undefined, '', 'a b', 'x'.repeat(257)]) {
      expect(await gate(requestWith(id))).toMatchObject({ admitted: false, status: 401 });
    }
    expect(asked).toEqual([]);
  });

  it('limits what an address may have validated, and nobody else', async () => {
    const { gate, asked } = setUp(() => ({ verdict: 'invalid' }));
    await gate(requestWith('a'));
    await gate(requestWith('b'));
    expect(await gate(requestWith('c'))).toEqual({
      admitted: false,
      status: 429,
      fields: [
        ...['Content-Type', 'application/json', 'Cache-Control', 'no-store'],
        ...[...LIMIT, '"address";r=0;t=10', 'Retry-After', '10'],
      ],
      body: '{"error":"Too many requests"}',
    });
    expect(asked).toHaveLength(2);
    expect(await gate(requestWith('c', '192.0.2.2'))).toMatchObject({ status: 401 });
  });

  it('asks the authority while the store is away, and still keeps count', async () => {
    const { gate, store, asked } = setUp((id) => (id === 'ada1' ? VALID : { verdict: 'invalid' }));
    store.fail(new CachegateError('ERR_STORE_UNAVAILABLE', 'Connection refused'));
    expect(await gate(requestWith('ada1'))).toMatchObject({ admitted: true, identity: IDENTITY });
    expect(await gate(requestWith('eve1'))).toMatchObject({ status: 401 });
    expect(await gate(requestWith('eve2'))).toMatchObject({ status: 429 });
    expect(asked).toHaveLength(2);
    // Nobody whose session is good is kept out by those whose is not.
    expect(await gate(requestWith('ada1'))).toMatchObject({ admitted: true });
  });

  it('forgets a verdict', async () => {
    const { gate, forget, asked, settle } = setUp(() => VALID);
    await gate(requestWith('ada1'));
    await settle();
    await forget(requestWith('ada1'));
    await gate(requestWith('ada1'));
    expect(asked).toHaveLength(2);
    await forget(requestWith(undefined));
  });

  it('ties what is asked to the request', async () => {
    const { gate, asked } = setUp(() => VALID);
    const fields: Record<string, string> = { 'x-session': 'ada1', 'x-request-id': 'r-1' };
    await gate({ method: 'GET', peer: '', field: (name) => fields[name] });
    expect(asked).toEqual(['ada1 r-1']);
  });

  it('lets nobody in where there is no authority', async () => {
    expect(NO_GATE.gate(requestWith('ada1'))).toMatchObject({ admitted: false, status: 401 });
    await NO_GATE.forget(requestWith('ada1'));
  });
});
