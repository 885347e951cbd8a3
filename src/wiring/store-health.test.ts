import { afterEach, expect, it, vi } from 'vitest';
import { CachegateError } from '../errors.ts';
import { createStoreHealth } from './store-health.ts';

const AWAY = { connected: false, error: new CachegateError('ERR_STORE_UNAVAILABLE', 'Connection refused') };

afterEach(() => void vi.useRealTimers());

it('tells that changes are not heard when that lasts while the store is there, and when they are again', () => {
  vi.useFakeTimers();
  const told: string[] = [];
  const health = createStoreHealth({
    storeTrackingChanged: (tracking, error) => void told.push(`${tracking} ${error?.message ?? ''}`),
  });
  health.connected();
  health.tracking({ tracking: false, error: new Error('no permission') });
  health.tracking({ tracking: true });
  vi.advanceTimersByTime(10_000);
  expect(told).toEqual([]);
  health.tracking({ tracking: false, error: new Error('no permission') });
  vi.advanceTimersByTime(10_000);
  health.tracking({ tracking: true });
  expect(told).toEqual(['false no permission', 'true ']);
  health.tracking({ tracking: false });
  health.connection(AWAY);
  vi.advanceTimersByTime(10_000);
  expect(told).toHaveLength(2);
});

it('tells each change once, and leaves the start to whoever greets the store', () => {
  const told: string[] = [];
  const health = createStoreHealth({ storeStateChanged: (state) => void told.push(state) });
  health.connection(AWAY);
  expect(health.state()).toBe('away');
  expect(told).toEqual([]);
  health.greeted();
  health.connection(AWAY);
  expect(told).toEqual([]);
  health.connected();
  health.connection(AWAY);
  health.connection(AWAY);
  expect(told).toEqual(['available', 'away']);
});

it('has nothing to tell of a store that was there at the start', () => {
  const told: string[] = [];
  const health = createStoreHealth({ storeStateChanged: (state) => void told.push(state) });
  health.connected();
  health.greeted();
  health.connected();
  expect(told).toEqual([]);
  health.connection(AWAY);
  expect(told).toEqual(['away']);
});
