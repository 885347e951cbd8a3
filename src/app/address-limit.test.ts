import { describe, expect, it } from 'vitest';
import { CachegateError } from '../errors.ts';
import { createClientAddress } from '../gateway/client-address.ts';
import { createLimiter } from '../rate-limit/limiter.ts';
import { createLocalWindows } from '../store/local-windows.ts';
import { createMemoryStore } from '../store/memory/memory-store.ts';
import { createFaultyStore } from '../testing/faulty-store.ts';
import { createManualClock } from '../testing/manual-clock.ts';
import { createAddressLimit } from './address-limit.ts';
import { addressOf } from './parts-request.ts';

function setUp(limit: number) {
  const clock = createManualClock();
  const store = createFaultyStore(createMemoryStore({ maxBytes: 1_000_000, clock }));
  const failures: string[] = [];
  const limiter = createLimiter({
    limit: { name: 'address', rule: { limit, windowMs: 10_000 } },
    ...{ store, local: createLocalWindows(), clock },
    onStoreFailure: (error) => failures.push(error.code),
  });
  const clientAddress = createClientAddress(['10.0.0.0/8']);
  const guard = createAddressLimit(limiter, (request) => addressOf(request, clientAddress));
  const ask = (peer: string, forwardedFor?: string) =>
    guard({
      ...{ method: 'GET', peer },
      field: (name) => (name === 'x-forwarded-for' ? forwardedFor : undefined),
    });
  return { ask, store, failures };
}

describe('the limit of an address', () => {
  it('says how it stands, and refuses what is over it', () => {
    const { ask } = setUp(1);
    const fields = ['RateLimit-Policy', '"address";q=1;w=10', 'RateLimit', '"address";r=0;t=10'];
    expect(ask('192.0.2.1')).toEqual({ admitted: true, fields, identity: null });
    expect(ask('192.0.2.1')).toEqual({
      ...{ admitted: false, status: 429, body: '{"error":"Too many requests"}' },
      fields: [
        ...['Content-Type', 'application/json', 'Cache-Control', 'no-store', ...fields],
        ...['Retry-After', '10'],
      ],
    });
    expect(ask('192.0.2.2')).toMatchObject({ admitted: true });
  });

  it('counts the client behind a trusted proxy, and believes nobody else', () => {
    const { ask } = setUp(1);
    expect(ask('10.0.0.1', '192.0.2.1')).toMatchObject({ admitted: true });
    expect(ask('10.0.0.2', '198.51.100.1, 192.0.2.1')).toMatchObject({ status: 429 });
    expect(ask('192.0.2.1', '203.0.113.7')).toMatchObject({ status: 429 });
    expect(ask('10.0.0.1', '192.0.2.2')).toMatchObject({ admitted: true });
  });

  it('holds in this process while the store is away', async () => {
    const { ask, store, failures } = setUp(2);
    store.fail(new CachegateError('ERR_STORE_TIMEOUT', 'Connection timeout'));
    const statuses = [];
    for (let i = 0; i < 3; i++) statuses.push((await ask('192.0.2.1')).admitted);
    expect(statuses).toEqual([true, true, false]);
    expect(failures).toEqual(Array(3).fill('ERR_STORE_TIMEOUT'));
  });
});
