import { expect, it } from 'vitest';
import { systemClock } from '../clock.ts';
import { createGateway } from './gateway.ts';
import type { GateRequest } from './request.ts';
import type { Service } from './service.ts';

/** A gateway with a step that fails, and what it tells of that. */
function createFailing(fail: () => never) {
  const failures: unknown[] = [];
  const service = { name: 'a', prefix: '/', steps: [async () => fail()], limits: null, stallMs: 1_000 };
  const gateway = createGateway({
    services: [service as unknown as Service],
    clock: systemClock,
    observer: { requestFailed: (_service, error) => void failures.push(error) },
  });
  const ask = async (signal: AbortSignal) => {
    const request = { method: 'GET', target: '/', fields: [], field: () => undefined, signal };
    return (await gateway.handle(request as unknown as GateRequest)).status;
  };
  return { ask, failures };
}

it('tells of what nobody expected, not of a client that has left', async () => {
  const left = new AbortController();
  const leaving = createFailing(() => {
    left.abort();
    return left.signal.throwIfAborted() as never;
  });
  expect(await leaving.ask(left.signal)).toBe(500);
  expect(leaving.failures).toEqual([]);

  const broken = createFailing(() => {
    throw new TypeError('broken');
  });
  expect(await broken.ask(left.signal)).toBe(500);
  expect(broken.failures).toEqual([expect.any(TypeError)]);
});
