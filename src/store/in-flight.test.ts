import { describe, expect, it } from 'vitest';
import { createInFlight } from './in-flight.ts';

const OVERLOADED = expect.objectContaining({ code: 'ERR_STORE_OVERLOADED' });

describe('createInFlight', () => {
  it('refuses more operations, or bytes, than wait already', () => {
    const inFlight = createInFlight(2, 100);
    inFlight.enter(2);
    expect(() => inFlight.enter(1)).toThrow(OVERLOADED);
    inFlight.leave(1);
    inFlight.enter(0, 100);
    expect(() => inFlight.enter(1)).toThrow(OVERLOADED);
    inFlight.leave(0, 100);
    inFlight.enter(1);
  });

  it('says when nothing waits', async () => {
    const inFlight = createInFlight(2, 100);
    await inFlight.drained();
    inFlight.enter(1, 10);
    const drained = inFlight.drained();
    inFlight.leave(1, 10);
    await drained;
  });
});
