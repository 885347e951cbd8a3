import { CachegateError } from '../../errors.ts';
import { ABSENT } from '../../store/reading.ts';
import { DEGRADED, ENDED } from './session-judge.ts';
import type { SessionKeeping } from './session-keeping.ts';
import type { LifeOptions } from './session-life.ts';
import { createTokenLife } from './token-life.ts';

/** Sessions that are their tokens (`SESSION_MODE=jwt`): nobody is asked, and nothing is known of other processes. */
export function createTokenSessions(options: LifeOptions): SessionKeeping {
  const { ended } = options;
  const notKept = async (): Promise<never> => {
    const message = 'Sessions are kept in their tokens alone (mode jwt): nobody knows which there are';
    throw new CachegateError('ERR_SESSION_DEGRADED', message);
  };
  return {
    life: createTokenLife(options),
    read: () => ABSENT,
    judge: (_claims, { key }) => (ended.has(key) ? ENDED : DEGRADED),
    list: notKept,
    endReference: notKept,
    endAll: notKept,
    status: () => ({ degraded: true, kept: 0 }),
    close: async () => ended.close(),
  };
}
